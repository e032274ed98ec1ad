import type { Step } from "./execution-order.ts";
import { wordsOf } from "./trace-words.ts";
import type { Bag } from "./vocabulary.ts";

/** Where the fragments of one text came from. */
export interface Origin {
  /** Fragments that did not come with the user's request. */
  total: number;
  /** By step, the fragments that step was the first to put out, by their numbers in the vocabulary. */
  byStep: Map<number, number[]>;
}

/** A text whose fragments are to be traced, and the steps that can have fed it. */
export interface LineageQuery {
  fragments: Bag;
  /** Exclusive step index: only steps that lie, with all their descendants, before it are candidates. */
  before: number;
  /** Epoch ms at which a candidate must have finished. */
  finishedBy: number;
}

/** Fragments traced of one text. */
const MAX_FRAGMENTS = 96;

/** What a step was given: everything that finished before it started can have fed it. */
export function inputsOf(steps: readonly Step[], index: number): LineageQuery {
  return { fragments: wordsOf(steps).inputsOf(index), before: index, finishedBy: steps[index]!.span.startAt };
}

/** What a step put out: it, its descendants and everything before can have fed it. */
export function outputsOf(steps: readonly Step[], index: number): LineageQuery {
  const { span, last } = steps[index]!;
  const fragments = wordsOf(steps).bags[index]!.subarray(0, MAX_FRAGMENTS);
  return { fragments, before: last + 1, finishedBy: span.endAt ?? Infinity };
}

/**
 * For each query, the earliest step whose outputs hold each distinctive fragment of the text. Fragments that the root's
 * inputs already hold belong to the user and are left out. One pass over all outputs, whatever the number of queries.
 */
export function traceOrigins(steps: readonly Step[], queries: readonly LineageQuery[]): Origin[] {
  const { bags, given, vocabulary } = wordsOf(steps);
  const first = firstHolders(steps, bags, vocabulary.size());
  for (const fragment of given) first[fragment] = GIVEN;
  return queries.map(({ fragments, before, finishedBy }) => {
    const origin: Origin = { total: 0, byStep: new Map() };
    for (let i = 0; i < fragments.length; i++) {
      const fragment = fragments[i]!;
      const step = first[fragment]!;
      if (step === GIVEN) continue;
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

const NOBODY = -1;
const GIVEN = -2;

/** By fragment, the step that finished first among those whose outputs hold it. */
function firstHolders(steps: readonly Step[], bags: readonly Bag[], size: number): Int32Array {
  const first = new Int32Array(size + 1).fill(NOBODY);
  for (const step of finishOrder(steps)) {
    if (step === 0) continue;
    const bag = bags[step]!;
    for (let i = 0; i < bag.length; i++) if (first[bag[i]!] === NOBODY) first[bag[i]!] = step;
  }
  return first;
}
