import type { Evidence } from "../../model/failure.ts";
import type { Span } from "../../model/trace.ts";
import type { Step } from "../execution-order.ts";
import { shortened } from "../fragment.ts";
import { wordsOf } from "../trace-words.ts";
import { clip, isSource } from "./span-nature.ts";

/**
 * Errors by step, where they began: one that rose from a child is the child's, and one that a later call of the same
 * name made good weighs little.
 */
export function errorSymptoms(steps: readonly Step[]): (Evidence | null)[] {
  const { texts } = wordsOf(steps);
  const errors = steps.map(({ span }, i) => errorOf(span, texts[i]!));
  const above = errorsAbove(steps, errors);
  const lastSuccess = new Map<string, number>();
  const parentsOfErrors = new Set(steps.flatMap(({ parent }, i) => (errors[i] ? [parent] : [])));
  for (const [i, step] of steps.entries())
    if (!errors[i] && step.span.status === "success" && parentsOfErrors.has(step.parent))
      lastSuccess.set(siblings(step), i);
  const recovered = (i: number): boolean => (lastSuccess.get(siblings(steps[i]!)) ?? -1) > i;
  return steps.map(({ children }, i) => {
    const error = errors[i];
    if (!error) return null;
    const last = children[children.length - 1];
    const rose = children.some((child) => {
      const below = errors[child];
      return below && !recovered(child) && (child === last || sameText(error.message, below.message));
    });
    if (rose) return null;
    const parts = [`${error.reported ? "failed with" : "returned an error:"} "${clip(error.message)}"`];
    if (above[i]! > 0) parts.push(`, which rose through ${above[i]} span${above[i]! > 1 ? "s" : ""} above`);
    if (recovered(i)) parts.push("; a later call succeeded");
    return { kind: "error", text: parts.join(""), weight: (error.reported ? 0.9 : 0.65) * (recovered(i) ? 0.4 : 1) };
  });
}

// --- internal ---

interface SpanError {
  message: string;
  /** Whether the span itself says that it failed, rather than its output reading like an error. */
  reported: boolean;
}

/** What tools return instead of raising: an error word or HTTP status first, or a plea to come back later. */
const ERROR_OUTPUT =
  /^\W{0,3}(error\b|exception\b|traceback \(most recent|[a-z]*error:|(http )?(4\d\d|5\d\d)\b[ :]|timed? ?out\b|rate limit)|\b(please retry|(please )?try again later|retry later|temporarily unavailable|service unavailable|internal server error)\b/i;

function errorOf(span: Span, output: string): SpanError | null {
  if (span.error !== null && span.error !== "") return { message: headline(span.error), reported: true };
  if (span.status === "error") return { message: "status error, no message", reported: true };
  if (!isSource(span) || span.outputs === null) return null;
  const text = shortened(output, 300).trimStart();
  return ERROR_OUTPUT.test(text) ? { message: text, reported: false } : null;
}

/** Python tracebacks end with the message; everything else begins with it. */
function headline(error: string): string {
  const lines = error.trim().split("\n");
  return (error.startsWith("Traceback") ? lines[lines.length - 1] : lines[0]) ?? "";
}

/** For each step, how many spans directly above it are in error without a gap. */
function errorsAbove(steps: readonly Step[], errors: readonly (SpanError | null)[]): number[] {
  const above: number[] = [];
  for (const { parent } of steps) above.push(parent >= 0 && errors[parent] ? above[parent]! + 1 : 0);
  return above;
}

function siblings(step: Step): string {
  return `${step.parent} ${step.span.name}`;
}

function sameText(a: string, b: string): boolean {
  return a.includes(b.slice(0, 60)) || b.includes(a.slice(0, 60));
}
