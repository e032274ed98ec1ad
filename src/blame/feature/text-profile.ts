import type { Step } from "../execution-order.ts";
import { eachFragment, isCommon, payloadText } from "../fragment.ts";

/** What the words of one step say, relative to the rest of the trace. Similarities are cosines from 0 to 1. */
export interface TextProfile {
  text: string;
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
export function textProfiles(steps: readonly Step[]): TextProfile[] {
  const texts = steps.map((step) => payloadText(step.span.outputs));
  const { bags, question, digits } = numberFragments(texts, payloadText(steps[0]!.span.inputs));
  const weights = rarity(bags, digits.length);
  const norms = bags.map((bag) => norm(bag, weights));
  const toQuestion = cosinesTo(question, bags, norms, weights);
  const toAnswer = cosinesTo(bags[0]!, bags, norms, weights);
  const toPast = meanCosines(bags, norms, weights, false);
  const toFuture = meanCosines(bags, norms, weights, true);
  const { fresh, newNumbers, adopted } = introductions(bags, question, digits);
  return texts.map((text, i) => ({
    text,
    toQuestion: toQuestion[i]!,
    toAnswer: toAnswer[i]!,
    toPrevious: i < 2 ? 0 : cosinesTo(bags[i - 1]!, [bags[i]!], [norms[i]!], weights)[0]!,
    toPast: toPast[i]!,
    toFuture: toFuture[i]!,
    novelty: bags[i]!.length === 0 ? 0 : fresh[i]! / bags[i]!.length,
    adopted: adopted[i]!,
    newNumbers: newNumbers[i]!,
  }));
}

// --- internal ---

/** Distinct fragments read of one text. */
const LIMIT = 400;

const COMMON = -1;

/** Distinct fragments of one text by number. */
type Bag = readonly number[];

/** Gives every fragment of the trace a number, so that all that follows are arrays. */
function numberFragments(texts: readonly string[], asked: string) {
  const numbers = new Map<number, number>();
  const digits: boolean[] = [];
  const lastText: number[] = [];
  const bagOf = (text: string, place: number): Bag => {
    const bag: number[] = [];
    eachFragment(text, (hash, start, end) => {
      if (bag.length >= LIMIT) return;
      let number = numbers.get(hash);
      if (number === undefined) {
        number = isCommon(hash) ? COMMON : digits.length;
        numbers.set(hash, number);
        if (number !== COMMON) {
          digits.push(hasDigit(text, start, end));
          lastText.push(-1);
        }
      }
      if (number === COMMON || lastText[number] === place) return;
      lastText[number] = place;
      bag.push(number);
    });
    return bag;
  };
  const bags = texts.map(bagOf);
  const question = bagOf(asked, texts.length);
  return { bags, question, digits };
}

function hasDigit(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) return true;
  }
  return false;
}

/** The weight of each fragment. The root's outputs repeat a step's, so they do not count as another document. */
function rarity(bags: readonly Bag[], size: number): Float64Array {
  const documents = new Float64Array(size);
  for (const bag of bags.slice(1)) for (const fragment of bag) documents[fragment]!++;
  return documents.map((count) => (count === 0 ? 1 : Math.log(bags.length / (count + 1)) + 1));
}

function norm(bag: Bag, weights: Float64Array): number {
  let sum = 0;
  for (const fragment of bag) sum += weights[fragment]! ** 2;
  return Math.sqrt(sum);
}

/** The cosine of one bag with each of the others. */
function cosinesTo(one: Bag, bags: readonly Bag[], norms: readonly number[], weights: Float64Array): number[] {
  const own = norm(one, weights);
  const held = new Set(one);
  return bags.map((bag, i) => {
    if (own === 0 || norms[i] === 0) return 0;
    let dot = 0;
    for (const fragment of bag) if (held.has(fragment)) dot += weights[fragment]! ** 2;
    return dot / (own * norms[i]!);
  });
}

/** For each step below the root the mean cosine with all steps before it, or after it. */
function meanCosines(
  bags: readonly Bag[],
  norms: readonly number[],
  weights: Float64Array,
  backwards: boolean,
): number[] {
  const sum = new Float64Array(weights.length);
  const means = bags.map(() => 0);
  for (let seen = 0; seen < bags.length - 1; seen++) {
    const i = backwards ? bags.length - 1 - seen : 1 + seen;
    if (norms[i] === 0) continue;
    let dot = 0;
    for (const fragment of bags[i]!) {
      dot += weights[fragment]! * sum[fragment]!;
      // Unit vectors are added up, so one product with the sum is the sum of the cosines.
      sum[fragment]! += weights[fragment]! / norms[i]!;
    }
    if (seen > 0) means[i] = dot / norms[i]! / seen;
  }
  return means;
}

/** Who was the first to hold each fragment that did not come with the question, and what became of it. */
function introductions(bags: readonly Bag[], question: Bag, digits: readonly boolean[]) {
  const holder = new Int32Array(digits.length).fill(-1);
  for (const fragment of question) holder[fragment] = 0;
  const taken = new Uint8Array(digits.length);
  const fresh = bags.map(() => 0);
  const newNumbers = bags.map(() => 0);
  const adopted = bags.map(() => 0);
  for (let i = 1; i < bags.length; i++) {
    for (const fragment of bags[i]!) {
      const first = holder[fragment]!;
      if (first < 0) {
        holder[fragment] = i;
        fresh[i]!++;
        if (digits[fragment]) newNumbers[i]!++;
      } else if (first > 0 && taken[fragment] === 0) {
        taken[fragment] = 1;
        adopted[first]!++;
      }
    }
  }
  return { fresh, newNumbers, adopted };
}
