import type { Evidence } from "../model/failure.ts";
import { spanLatencyMs } from "../model/trace.ts";
import type { Trace } from "../model/trace.ts";
import { executionOrder } from "./execution-order.ts";
import type { Step } from "./execution-order.ts";
import { distanceFrom } from "./mahalanobis.ts";
import { fragmentHashes, payloadText } from "./fragment.ts";
import { scanWords } from "./scan-words.ts";

/** First and second moments of the measures of the spans of one name in passing traces. Adding two gives their union. */
export interface Moments {
  count: number;
  sum: number[];
  /** Sums of products of each two columns: the lower triangle, row by row. */
  products: number[];
}

/** What is normal, by span kind and name. Plain JSON. */
export type Normality = Record<string, Moments>;

/** What is measured of a span; with it the change from the span before, hence twice as many columns. */
export const MEASURES = [
  "inputs length",
  "outputs length",
  "digits",
  "list marks",
  "latency",
  "tokens",
  "words of the question",
] as const;

/** The moments of the spans of passing traces. */
export function learnNormality(traces: Iterable<Trace>): Normality {
  const normality: Normality = {};
  for (const trace of traces) addToNormality(normality, trace);
  return normality;
}

/** Takes one more passing trace in, changing `normality` in place. */
export function addToNormality(normality: Normality, trace: Trace): void {
  const steps = executionOrder(trace);
  for (const [i, row] of measures(steps).entries()) {
    if (i === 0) continue;
    const key = keyOf(steps[i]!);
    const moments = own(normality, key) ?? nothingSeen(row.length);
    define(normality, key, moments);
    moments.count++;
    let at = 0;
    for (const [a, x] of row.entries()) {
      moments.sum[a]! += x;
      for (let b = 0; b <= a; b++) moments.products[at++]! += x * row[b]!;
    }
  }
}

/**
 * Adds up what was learned on several sets of traces; the inputs stay as they are. Of more than 300 names the rarest are
 * forgotten: names that are made up for every call are nothing to compare with.
 */
export function mergeNormality(...parts: readonly Normality[]): Normality {
  const merged: Normality = {};
  for (const [key, moments] of parts.flatMap((part) => Object.entries(part))) {
    const before = own(merged, key) ?? nothingSeen(moments.sum.length);
    const count = before.count + moments.count;
    const added = { count, sum: plus(before.sum, moments.sum), products: plus(before.products, moments.products) };
    define(merged, key, added);
  }
  const entries = Object.entries(merged);
  if (entries.length <= MAX_NAMES) return merged;
  const kept: Normality = {};
  entries.sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1));
  for (const [key, moments] of entries.slice(0, MAX_NAMES)) define(kept, key, moments);
  return kept;
}

/**
 * For each step how far it lies from the spans of its name in passing traces, as Mahalanobis distance over measures and
 * their change from the span before; `null` where fewer than `minCount` (default 20) were seen or nothing is unusual.
 * The squared distance becomes a standard normal score (Wilson & Hilferty 1931), and that a weight: 0 up to two standard
 * deviations, 1/2 at four.
 */
export function deviationEvidence(steps: readonly Step[], normality: Normality, minCount = 20): (Evidence | null)[] {
  const rows = measures(steps);
  return steps.map((step, i) => {
    const key = keyOf(step);
    const moments = own(normality, key);
    if (i === 0 || !moments || moments.count < minCount) return null;
    const distance = distanceFrom(moments);
    const { squared, furthest, deviations } = distance(rows[i]!);
    const z = chiSquareScore(squared, MEASURES.length * 2);
    if (z <= 2) return null;
    const measure = MEASURES[furthest % MEASURES.length]!;
    const change = furthest >= MEASURES.length ? "change in " : "";
    const text = `unlike the ${moments.count} ${step.span.name} spans of passing traces, most in ${change}${measure} (${deviations.toFixed(1)} standard deviations)`;
    return { kind: "deviation", text, weight: 1 - 2 / z };
  });
}

// --- internal ---

const MAX_NAMES = 300;

function nothingSeen(width: number): Moments {
  const zeros = (length: number): number[] => Array.from({ length }, () => 0);
  return { count: 0, sum: zeros(width), products: zeros((width * (width + 1)) / 2) };
}

function keyOf(step: Step): string {
  return `${step.span.kind} ${step.span.name}`;
}

function measures(steps: readonly Step[]): number[][] {
  const question = fragmentHashes(payloadText(steps[0]!.span.inputs));
  const now = steps.map(({ span }) => {
    const text = payloadText(span.outputs);
    const read = Math.min(text.length, HEAD_CHARS);
    const { digits, marks } = countCharacters(text, read);
    const { count, hash, distinctive } = scanWords(text, read);
    let asked = 0;
    for (let i = 0; i < count; i++) if (distinctive[i] === 1 && question.has(hash[i]!)) asked++;
    return [
      Math.log1p(payloadText(span.inputs).length),
      Math.log1p(text.length),
      digits / Math.max(1, read),
      Math.log1p(marks),
      Math.log1p(spanLatencyMs(span) ?? 0),
      Math.log1p(span.usage.completionTokens ?? 0),
      Math.log1p(asked),
    ];
  });
  return now.map((row, i) => [...row, ...row.map((value, m) => (i < 2 ? 0 : value - now[i - 1]![m]!))]);
}

/** What is counted in a text is counted in its beginning; its length is its whole. */
const HEAD_CHARS = 300;

/** Digits, and the marks that separate items: lines, bars, semicolons. */
function countCharacters(text: string, length: number): { digits: number; marks: number } {
  let [digits, marks] = [0, 0];
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) digits++;
    else if (code === 10 || code === 124 || code === 59) marks++;
  }
  return { digits, marks };
}

function chiSquareScore(squared: number, freedom: number): number {
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(squared / freedom) - (1 - spread)) / Math.sqrt(spread);
}

function plus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + b[i]!);
}

function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Names come from traces: `__proto__` must be a key like any other. */
function define<T>(record: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}
