import type { TraceWords } from "../trace-words.ts";
import type { Bag, Vocabulary } from "../vocabulary.ts";
import { valuesOf } from "./column.ts";

/** By step what its words say relative to the rest of the trace. Similarities are cosines from 0 to 1. */
export interface TextProfiles {
  /** To the root's inputs: what was asked. */
  toQuestion: Float64Array;
  /** To the root's outputs: what was answered. */
  toAnswer: Float64Array;
  toPrevious: Float64Array;
  /** To the mean of everything before: high for repetition. */
  toPast: Float64Array;
  /** To the mean of everything after: high for steps that set the course. */
  toFuture: Float64Array;
  /** Share of the step's distinctive fragments that nothing before it held. */
  novelty: Float64Array;
  /** How many fragments it was the first to hold and any later step took up. */
  adopted: Int32Array;
  /** How many fragments with digits it was the first to hold. */
  newNumbers: Int32Array;
}

/**
 * Profiles every step's outputs in one pass forwards and one backwards: linear in text. Fragments are weighted by their
 * rarity within the trace (inverse document frequency over its steps), so no corpus is needed.
 */
export function textProfiles({ bags, given, vocabulary }: TraceWords): TextProfiles {
  const weights = rarity(bags, vocabulary.size());
  const norms = valuesOf(bags, (bag) => norm(bag, weights));
  return {
    toQuestion: cosinesTo(given, norm(given, weights), { bags, norms, weights }),
    toAnswer: cosinesTo(bags[0]!, norms[0]!, { bags, norms, weights }),
    toPrevious: cosinesToPrevious({ bags, norms, weights }),
    toPast: meanCosines({ bags, norms, weights }, false),
    toFuture: meanCosines({ bags, norms, weights }, true),
    ...introductions(bags, given, vocabulary),
  };
}

// --- internal ---

interface WeightedBags {
  bags: readonly Bag[];
  /** Lengths of the bags as vectors. */
  norms: Float64Array;
  /** The squared weight of each fragment. */
  weights: Float64Array;
}

/** The squared weight of each fragment. The root's outputs repeat a step's, so they do not count as another document. */
function rarity(bags: readonly Bag[], size: number): Float64Array {
  const documents = new Int32Array(size + 1);
  for (let step = 1; step < bags.length; step++) {
    const bag = bags[step]!;
    for (let i = 0; i < bag.length; i++) documents[bag[i]!]!++;
  }
  const weights = new Float64Array(size + 1);
  // Few counts occur often, so the logarithm is taken once for each.
  const byCount = new Float64Array(bags.length);
  for (let fragment = 1; fragment <= size; fragment++) {
    const count = documents[fragment]!;
    if (byCount[count] === 0) byCount[count] = count === 0 ? 1 : (Math.log(bags.length / (count + 1)) + 1) ** 2;
    weights[fragment] = byCount[count]!;
  }
  return weights;
}

function norm(bag: Bag, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < bag.length; i++) sum += weights[bag[i]!]!;
  return Math.sqrt(sum);
}

/** The cosines of all bags with one whose length is `own`. */
function cosinesTo(one: Bag, own: number, { bags, norms, weights }: WeightedBags): Float64Array {
  const held = new Uint8Array(weights.length);
  for (let i = 0; i < one.length; i++) held[one[i]!] = 1;
  return valuesOf(bags, (bag, step) => {
    let dot = 0;
    for (let i = 0; i < bag.length; i++) if (held[bag[i]!] === 1) dot += weights[bag[i]!]!;
    return dot === 0 ? 0 : dot / (own * norms[step]!);
  });
}

/** The cosine of each bag with the one before, from the second step below the root on. */
function cosinesToPrevious({ bags, norms, weights }: WeightedBags): Float64Array {
  const holder = new Int32Array(weights.length);
  return valuesOf(bags, (bag, step) => {
    let dot = 0;
    for (let i = 0; i < bag.length; i++) {
      const fragment = bag[i]!;
      if (step > 1 && holder[fragment] === step - 1) dot += weights[fragment]!;
      holder[fragment] = step;
    }
    return dot === 0 ? 0 : dot / (norms[step - 1]! * norms[step]!);
  });
}

/** For each step below the root the mean cosine with all steps before it, or after it. */
function meanCosines({ bags, norms, weights }: WeightedBags, backwards: boolean): Float64Array {
  // Unit vectors are added up, so one product with the sum is the sum of the cosines.
  const sum = new Float64Array(weights.length);
  const means = new Float64Array(bags.length);
  for (let seen = 0; seen < bags.length - 1; seen++) {
    const step = backwards ? bags.length - 1 - seen : 1 + seen;
    const own = norms[step]!;
    if (own === 0) continue;
    const bag = bags[step]!;
    let dot = 0;
    for (let i = 0; i < bag.length; i++) {
      const fragment = bag[i]!;
      dot += weights[fragment]! * sum[fragment]!;
      sum[fragment]! += 1 / own;
    }
    if (seen > 0) means[step] = dot / own / seen;
  }
  return means;
}

/** Who was the first to hold each fragment that did not come with the question, and what became of it. */
function introductions(bags: readonly Bag[], given: Bag, vocabulary: Vocabulary) {
  const holder = new Int32Array(vocabulary.size() + 1).fill(-1);
  for (let i = 0; i < given.length; i++) holder[given[i]!] = 0;
  const taken = new Uint8Array(holder.length);
  const novelty = new Float64Array(bags.length);
  const newNumbers = new Int32Array(bags.length);
  const adopted = new Int32Array(bags.length);
  for (let step = 1; step < bags.length; step++) {
    const bag = bags[step]!;
    let fresh = 0;
    for (let i = 0; i < bag.length; i++) {
      const fragment = bag[i]!;
      const first = holder[fragment]!;
      if (first < 0) {
        holder[fragment] = step;
        fresh++;
        if (vocabulary.hasDigit(fragment)) newNumbers[step]!++;
      } else if (first > 0 && taken[fragment] === 0) {
        taken[fragment] = 1;
        adopted[first]!++;
      }
    }
    novelty[step] = bag.length === 0 ? 0 : fresh / bag.length;
  }
  return { novelty, newNumbers, adopted };
}
