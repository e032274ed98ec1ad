import type { TraceWords } from "../trace-words.ts";
import type { Bag, Vocabulary } from "../vocabulary.ts";

/** What the words of one step say, relative to the rest of the trace. Similarities are cosines from 0 to 1. */
export interface TextProfile {
  /** To the root's inputs: what was asked. */
  toQuestion: number;
  /** To the root's outputs: what was answered. */
  toAnswer: number;
  toPrevious: number;
  /** To the mean of everything before: high for repetition. */
  toPast: number;
  /** To the mean of everything after: high for steps that set the course. */
  toFuture: number;
  /** Share of the step's distinctive fragments that nothing before it held. */
  novelty: number;
  /** How many fragments it was the first to hold and any later step took up. */
  adopted: number;
  /** How many fragments with digits it was the first to hold. */
  newNumbers: number;
}

/**
 * Profiles every step's outputs in one pass forwards and one backwards: linear in text. Fragments are weighted by their
 * rarity within the trace (inverse document frequency over its steps), so no corpus is needed.
 */
export function textProfiles({ bags, given, vocabulary }: TraceWords): TextProfile[] {
  const weights = rarity(bags, vocabulary.size());
  const norms = bags.map((bag) => norm(bag, weights));
  const cosinesTo = cosineSource(bags, norms, weights);
  const toQuestion = cosinesTo(given, 0, bags.length);
  const toAnswer = cosinesTo(bags[0]!, 0, bags.length);
  const toPast = meanCosines(bags, norms, weights, false);
  const toFuture = meanCosines(bags, norms, weights, true);
  const { fresh, newNumbers, adopted } = introductions(bags, given, vocabulary);
  return bags.map((bag, i) => ({
    toQuestion: toQuestion[i]!,
    toAnswer: toAnswer[i]!,
    toPrevious: i < 2 ? 0 : cosinesTo(bags[i - 1]!, i, i + 1)[0]!,
    toPast: toPast[i]!,
    toFuture: toFuture[i]!,
    novelty: bag.length === 0 ? 0 : fresh[i]! / bag.length,
    adopted: adopted[i]!,
    newNumbers: newNumbers[i]!,
  }));
}

// --- internal ---

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

/** The cosines of one bag with those of the steps in a range. */
function cosineSource(bags: readonly Bag[], norms: readonly number[], weights: Float64Array) {
  const held = new Int32Array(weights.length);
  let round = 0;
  return (one: Bag, from: number, to: number): number[] => {
    const own = norm(one, weights);
    round++;
    for (let i = 0; i < one.length; i++) held[one[i]!] = round;
    const cosines: number[] = [];
    for (let step = from; step < to; step++) {
      const bag = bags[step]!;
      let dot = 0;
      for (let i = 0; i < bag.length; i++) if (held[bag[i]!] === round) dot += weights[bag[i]!]!;
      cosines.push(dot === 0 ? 0 : dot / (own * norms[step]!));
    }
    return cosines;
  };
}

/** For each step below the root the mean cosine with all steps before it, or after it. */
function meanCosines(
  bags: readonly Bag[],
  norms: readonly number[],
  weights: Float64Array,
  backwards: boolean,
): number[] {
  // Unit vectors are added up, so one product with the sum is the sum of the cosines.
  const sum = new Float64Array(weights.length);
  const means = bags.map(() => 0);
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
  const fresh = bags.map(() => 0);
  const newNumbers = bags.map(() => 0);
  const adopted = bags.map(() => 0);
  for (let step = 1; step < bags.length; step++) {
    const bag = bags[step]!;
    for (let i = 0; i < bag.length; i++) {
      const fragment = bag[i]!;
      const first = holder[fragment]!;
      if (first < 0) {
        holder[fragment] = step;
        fresh[step]!++;
        if (vocabulary.hasDigit(fragment)) newNumbers[step]!++;
      } else if (first > 0 && taken[fragment] === 0) {
        taken[fragment] = 1;
        adopted[first]!++;
      }
    }
  }
  return { fresh, newNumbers, adopted };
}
