import type { Step } from "./execution-order.ts";
import { eachFragment, fragmentsOf, payloadText } from "./fragment.ts";

/** Where the fragments of one text came from. */
export interface Origin {
  /** Fragments that did not come with the user's request. */
  total: number;
  /** By step, the fragments that step was the first to put out. */
  byStep: Map<number, string[]>;
}

/** A text whose fragments are to be traced, and the steps that can have fed it. */
export interface LineageQuery {
  text: string;
  /** Exclusive step index: only steps that lie, with all their descendants, before it are candidates. */
  before: number;
  /** Epoch ms at which a candidate must have finished. */
  finishedBy: number;
}

/** What a step was given: everything that finished before it started can have fed it. */
export function inputsOf(steps: readonly Step[], index: number): LineageQuery {
  const { span } = steps[index]!;
  return { text: payloadText(span.inputs), before: index, finishedBy: span.startAt };
}

/** What a step put out: it, its descendants and everything before can have fed it. */
export function outputsOf(steps: readonly Step[], index: number): LineageQuery {
  const { span, last } = steps[index]!;
  return { text: payloadText(span.outputs), before: last + 1, finishedBy: span.endAt ?? Infinity };
}

/**
 * For each query, the earliest step whose outputs hold each distinctive fragment of the text. Fragments that the root's
 * inputs already hold belong to the user and are left out. One pass over all outputs, whatever the number of queries.
 */
export function traceOrigins(steps: readonly Step[], queries: readonly LineageQuery[]): Origin[] {
  const given = fragmentsOf(payloadText(steps[0]!.span.inputs, 20_000), 5000);
  const wanted = queries.map((query) => fragmentsOf(query.text));
  const first = new Map<number, number>();
  for (const fragments of wanted) for (const hash of fragments.keys()) if (!given.has(hash)) first.set(hash, Infinity);
  if (first.size > 0) findFirst(steps, first);
  return wanted.map((fragments, q) => {
    const origin: Origin = { total: 0, byStep: new Map() };
    const { before, finishedBy } = queries[q]!;
    for (const [hash, fragment] of fragments) {
      const step = first.get(hash);
      if (step === undefined) continue;
      origin.total++;
      const source = steps[step];
      if (source && source.last < before && (source.span.endAt ?? -Infinity) <= finishedBy) {
        const held = origin.byStep.get(step);
        if (held) held.push(fragment);
        else origin.byStep.set(step, [fragment]);
      }
    }
    return origin;
  });
}

/** Step indexes in the order they finish: children before their parents, so that a wrapper never takes the credit for what its child put out. */
export function finishOrder(steps: readonly Step[]): number[] {
  const order: number[] = [];
  const open: number[] = [];
  for (let i = 0; i < steps.length; i++) {
    while (open.length > 0 && steps[open[open.length - 1]!]!.last < i) order.push(open.pop()!);
    open.push(i);
  }
  while (open.length > 0) order.push(open.pop()!);
  return order;
}

// --- internal ---

/** Fills `first` with the step that finished first among those whose outputs hold the fragment. */
function findFirst(steps: readonly Step[], first: Map<number, number>): void {
  // Nearly every fragment of a trace is of no interest; a bitmap of the low bits turns them away without a Map lookup.
  const maybe = new Uint8Array(1 << 16);
  for (const hash of first.keys()) maybe[hash & 0xffff] = 1;
  for (const step of finishOrder(steps)) {
    if (step === 0) continue;
    const { outputs } = steps[step]!.span;
    if (outputs === null) continue;
    eachFragment(payloadText(outputs), (hash) => {
      if (maybe[hash & 0xffff] === 1 && first.get(hash) === Infinity) first.set(hash, step);
    });
  }
}
