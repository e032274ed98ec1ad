import type { Evidence } from "../model/failure.ts";
import { spanLatencyMs } from "../model/trace.ts";
import type { Trace } from "../model/trace.ts";
import { executionOrder } from "./execution-order.ts";
import type { Step } from "./execution-order.ts";
import { distanceFrom } from "./mahalanobis.ts";
import { fragmentHashes, payloadPrint, payloadText } from "./fragment.ts";
import { headOf } from "./text-head.ts";
import type { Head } from "./text-head.ts";
import type { Table } from "./forest.ts";
import { wordsOf } from "./trace-words.ts";

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
const MEASURES = [
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
  const texts = steps.map(({ span }) => payloadText(span.outputs));
  const question = fragmentHashes(payloadText(steps[0]!.span.inputs));
  const heads = texts.map((text) => headOf(text, question));
  const inputLengths = steps.map(({ span }) => payloadPrint(span.inputs).length);
  const { width, cells } = measures(steps, { texts, heads, inputLengths });
  for (let i = 1; i < steps.length; i++) {
    const row = cells.subarray(i * width, (i + 1) * width);
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
  if (Object.keys(normality).length === 0) return steps.map(() => null);
  const { width, cells } = measures(steps, wordsOf(steps));
  return steps.map((step, i) => {
    const moments = own(normality, keyOf(step));
    if (i === 0 || !moments || moments.count < minCount) return null;
    const { squared, furthest, deviations } = distanceFrom(moments)(cells, i * width);
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

interface Measured {
  texts: readonly string[];
  heads: readonly Head[];
  inputLengths: ArrayLike<number>;
}

/** One row a step: the measures, then their change from the step before (of lengths none). */
function measures(steps: readonly Step[], { texts, heads, inputLengths }: Measured): Table {
  const measured = MEASURES.length;
  const width = 2 * measured;
  const cells = new Float64Array(steps.length * width);
  for (const [i, { span }] of steps.entries()) {
    const head = heads[i]!;
    const at = i * width;
    cells[at] = Math.log1p(inputLengths[i]!);
    cells[at + 1] = Math.log1p(texts[i]!.length);
    cells[at + 2] = head.digits / Math.max(1, head.length);
    cells[at + 3] = Math.log1p(head.marks);
    cells[at + 4] = Math.log1p(spanLatencyMs(span) ?? 0);
    cells[at + 5] = Math.log1p(span.usage.completionTokens ?? 0);
    cells[at + 6] = Math.log1p(head.asked);
    // The step before the first is the root, which is not one of the steps.
    if (i >= 2) for (let m = 0; m < measured; m++) cells[at + measured + m] = cells[at + m]! - cells[at - width + m]!;
  }
  return { rows: steps.length, width, cells };
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
