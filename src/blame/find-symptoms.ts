import type { Evidence } from "../model/failure.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { thresholdFor } from "../model/score.ts";
import type { Score, Threshold } from "../model/score.ts";
import type { Span } from "../model/trace.ts";
import type { Step } from "./execution-order.ts";
import { payloadText } from "./fragment.ts";

/** Says what is wrong with a span's outputs, or `null` when they conform. Pure; for zod: `(o) => schema.safeParse(o).error?.message ?? null`. */
export type SchemaCheck = (outputs: JsonObject | null) => string | null;

export interface SymptomOptions {
  threshold?: Threshold;
  schemas?: Readonly<Record<string, SchemaCheck>>;
}

/**
 * What is visibly wrong with each step itself, before any reasoning about where it came from. Entry `i` belongs to
 * `steps[i]`. Scores on the root are left out: they say that the trace failed, not where.
 */
export function findSymptoms(steps: readonly Step[], scores: readonly Score[], options: SymptomOptions): Evidence[][] {
  const found: Evidence[][] = steps.map(() => []);
  scoreSymptoms(steps, scores, options.threshold, found);
  errorSymptoms(steps, found);
  repeatSymptoms(steps, found);
  for (const [i, step] of steps.entries()) {
    const complaint =
      options.schemas && Object.hasOwn(options.schemas, step.span.name)
        ? options.schemas[step.span.name]!(step.span.outputs)
        : null;
    if (complaint !== null)
      found[i]!.push({ kind: "schema", text: `output violates its schema: ${clip(complaint)}`, weight: 0.8 });
    const gap = i === 0 ? null : emptiness(step.span, steps[0]!.span);
    if (gap && found[i]!.every((item) => item.kind !== "error")) found[i]!.push(gap);
  }
  return found;
}

/** A text cut to one short line, for evidence sentences. */
export function clip(text: string, length = 120): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

// --- internal ---

function scoreSymptoms(
  steps: readonly Step[],
  scores: readonly Score[],
  threshold: Threshold | undefined,
  found: Evidence[][],
): void {
  if (threshold === undefined) return;
  const given = new Map<string, { key: string; score: number | null }[]>();
  for (const score of scores) given.set(score.spanId, [...(given.get(score.spanId) ?? []), score]);
  for (const [i, { span }] of steps.entries()) {
    if (i === 0) continue;
    const latest = new Map<string, number>();
    for (const { key, score } of [...span.scores, ...(given.get(span.id) ?? [])])
      if (score !== null) latest.set(key, score);
    for (const [key, score] of [...latest].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const mark = thresholdFor(threshold, key);
      if (mark === undefined || score >= mark) continue;
      const short = Math.min(1, (mark - score) / Math.max(Math.abs(mark), 1e-9));
      found[i]!.push({
        kind: "score",
        text: `${key} ${round(score)} is below ${round(mark)}`,
        weight: 0.7 + 0.25 * short,
      });
    }
  }
}

/** An error that rose from a child is the child's; one that a later call of the same kind made good weighs little. */
function errorSymptoms(steps: readonly Step[], found: Evidence[][]): void {
  const lastSuccess = new Map<string, number>();
  const errors = steps.map((step) => errorOf(step.span));
  const above = errorsAbove(steps, errors);
  for (const [i, { span, parent }] of steps.entries())
    if (errors[i] === null && span.status === "success") lastSuccess.set(`${parent}|${span.name}`, i);
  for (let i = steps.length - 1; i >= 0; i--) {
    const { span, parent, children } = steps[i]!;
    const error = errors[i];
    if (error === null || error === undefined) continue;
    if (
      children.some(
        (child) => errors[child] !== null && (lastSuccess.get(`${i}|${steps[child]!.span.name}`) ?? -1) < child,
      )
    )
      continue;
    const recovered = (lastSuccess.get(`${parent}|${span.name}`) ?? -1) > i;
    const reach = above[i]!;
    const text = [`${error.reported ? "failed with" : "returned an error:"} "${clip(error.message)}"`];
    if (reach > 0) text.push(`, which rose through ${reach} span${reach > 1 ? "s" : ""} above`);
    if (recovered) text.push("; a later call succeeded");
    found[i]!.push({
      kind: "error",
      text: text.join(""),
      weight: (error.reported ? 0.9 : 0.65) * (recovered ? 0.4 : 1),
    });
  }
}

/** For each step, how many spans directly above it are in error without a gap. */
function errorsAbove(steps: readonly Step[], errors: readonly (SpanError | null)[]): number[] {
  const above: number[] = [];
  for (const { parent } of steps) above.push(parent >= 0 && errors[parent] ? above[parent]! + 1 : 0);
  return above;
}

interface SpanError {
  message: string;
  /** Whether the span itself says that it failed, rather than its output reading like an error. */
  reported: boolean;
}

const ERROR_OUTPUT =
  /^\W{0,3}(error\b|exception\b|traceback \(most recent|[a-z]*error:|(http )?(4\d\d|5\d\d)\b[ :]|timed? ?out\b|rate limit)/i;

function errorOf(span: Span): SpanError | null {
  if (span.error !== null && span.error !== "") return { message: lastLine(span.error), reported: true };
  if (span.status === "error") return { message: "status error, no message", reported: true };
  if (!isSource(span) || span.outputs === null) return null;
  const text = payloadText(span.outputs, 400).trimStart();
  return ERROR_OUTPUT.test(text) ? { message: text, reported: false } : null;
}

/** Python tracebacks end with the message; everything else begins with it. */
function lastLine(error: string): string {
  const lines = error.trim().split("\n");
  return error.startsWith("Traceback") ? lines[lines.length - 1]! : lines[0]!;
}

function emptiness(span: Span, root: Span): Evidence | null {
  if (span.endAt === null && root.endAt !== null)
    return { kind: "structure", text: "never finished although the trace did", weight: 0.5 };
  if (span.endAt === null) return null;
  if (isSource(span) && isEmpty(span.outputs)) {
    return {
      kind: "structure",
      text: span.kind === "retriever" ? "retrieved nothing" : "returned nothing",
      weight: span.kind === "retriever" ? 0.6 : 0.35,
    };
  }
  return span.kind === "llm" && isEmpty(span.outputs)
    ? { kind: "structure", text: "the model returned nothing", weight: 0.45 }
    : null;
}

/** Calling the same tool with the same inputs again and again: blamed where the repetition starts. */
function repeatSymptoms(steps: readonly Step[], found: Evidence[][]): void {
  const calls = new Map<string, Map<string, number[]>>();
  for (const [i, { span }] of steps.entries()) {
    if (!isSource(span) || isEmpty(span.inputs)) continue;
    const byInputs = calls.get(span.name) ?? new Map<string, number[]>();
    if (byInputs.size === 0) calls.set(span.name, byInputs);
    const key = payloadText(span.inputs);
    const seen = byInputs.get(key);
    if (seen) seen.push(i);
    else byInputs.set(key, [i]);
  }
  for (const same of [...calls.values()].flatMap((byInputs) => [...byInputs.values()])) {
    const second = same[1];
    if (second === undefined || same.length < 3) continue;
    found[second]!.push({
      kind: "structure",
      text: `first of ${same.length - 1} repeats of the same call`,
      weight: Math.min(0.6, 0.2 + 0.1 * same.length),
    });
  }
}

/** Spans that bring data in from outside; what they return needs no support from earlier spans. */
export function isSource(span: Span): boolean {
  return span.kind === "tool" || span.kind === "retriever";
}

function isEmpty(value: Json | undefined): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === "string") return value.trim() === "";
  if (typeof value !== "object") return false;
  return (Array.isArray(value) ? value : Object.values(value)).every(isEmpty);
}

function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
