import type { Step } from "./execution-order.ts";
import { isSource } from "./symptom/span-nature.ts";
import { payloadText } from "./fragment.ts";

/** One way of saying what a span did, without what it said it about. Equal behaviour gives equal text. */
export type Signature = string;

/**
 * The signatures of a step, from coarse to fine: what it is and how it ended, what it came after, how each of its scores
 * fell (in fifths), which arguments it had, and for tools, retrievers and errors the masked beginning of what came back.
 * What a model wrote freely is left out: no two are alike, and the counts would grow without bound.
 */
export function signaturesOf(steps: readonly Step[], index: number): Signature[] {
  const { span } = steps[index]!;
  const what = `${span.kind} ${span.name}`;
  const signatures = [`${what} ended with ${span.status}`];
  const before = steps[index - 1];
  if (before && index > 1) signatures.push(`${what} after ${before.span.name} (${before.span.status})`);
  for (const { key, score } of span.scores) {
    if (score !== null)
      signatures.push(
        `${what} scored ${key} ${Math.floor(Math.min(4, score * 5)) / 5} to ${Math.floor(Math.min(4, score * 5)) / 5 + 0.2}`,
      );
  }
  if (isSource(span)) {
    const argumentNames = Object.keys(span.inputs).sort().join(", ");
    if (argumentNames !== "") signatures.push(`${what} called with ${argumentNames}`);
    signatures.push(`${what} returned ${template(payloadText(span.outputs))}`);
  }
  if (span.error) signatures.push(`${what} failed with ${template(span.error)}`);
  return signatures;
}

/** The first words of a text with everything that varies masked: numbers, ids, quoted strings, addresses. */
export function template(text: string): string {
  // One piece more than words: the first is empty where the text begins with a space.
  const pieces = text
    .slice(0, 160)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "<s>")
    .split(/\s+/, MAX_WORDS + 1);
  const words = pieces.filter((word) => word !== "").slice(0, MAX_WORDS);
  return words.length === 0 ? "nothing" : words.map((word) => (VARIES.test(word) ? "<v>" : word)).join(" ");
}

// --- internal ---

const MAX_WORDS = 6;

const VARIES = /\d|:\/\/|@/;
