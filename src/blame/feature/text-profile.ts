import type { Step } from "../execution-order.ts";
import { fragmentsOf, payloadText } from "../fragment.ts";

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
  const question = fragmentsOf(payloadText(steps[0]!.span.inputs), LIMIT);
  const bags = texts.map((text) => fragmentsOf(text, LIMIT));
  const idf = rarity(bags.slice(1));
  const norms = bags.map((bag) => norm(bag, idf));
  const questionNorm = norm(question, idf);
  const firstHolder = new Map<number, number>();
  for (const hash of question.keys()) firstHolder.set(hash, 0);
  const past = new Map<number, number>();
  const profiles: TextProfile[] = [];
  const adopted = steps.map(() => new Set<number>());
  for (const [i, bag] of bags.entries()) {
    const size = norms[i]!;
    let fresh = 0;
    let newNumbers = 0;
    for (const [hash, fragment] of i === 0 ? [] : bag) {
      const holder = firstHolder.get(hash);
      if (holder === undefined) {
        firstHolder.set(hash, i);
        fresh++;
        if (/\d/.test(fragment)) newNumbers++;
      } else if (holder > 0) adopted[holder]!.add(hash);
    }
    profiles.push({
      text: texts[i]!,
      toQuestion: cosine(bag, question, idf, size * questionNorm),
      toAnswer: cosine(bag, bags[0]!, idf, size * norms[0]!),
      toPrevious: i < 2 ? 0 : cosine(bag, bags[i - 1]!, idf, size * norms[i - 1]!),
      toPast: i < 2 ? 0 : meanCosine(bag, past, idf, size) / (i - 1),
      toFuture: 0,
      novelty: bag.size === 0 ? 0 : fresh / bag.size,
      adopted: 0,
      newNumbers,
    });
    if (i > 0) addTo(past, bag, idf, size);
  }
  const future = new Map<number, number>();
  for (let i = steps.length - 1; i > 0; i--) {
    const later = steps.length - 1 - i;
    if (later > 0) profiles[i]!.toFuture = meanCosine(bags[i]!, future, idf, norms[i]!) / later;
    profiles[i]!.adopted = adopted[i]!.size;
    addTo(future, bags[i]!, idf, norms[i]!);
  }
  return profiles;
}

// --- internal ---

const LIMIT = 400;
type Bag = ReadonlyMap<number, string>;
type Weights = ReadonlyMap<number, number>;

function rarity(bags: readonly Bag[]): Weights {
  const seen = new Map<number, number>();
  for (const bag of bags) for (const hash of bag.keys()) seen.set(hash, (seen.get(hash) ?? 0) + 1);
  return new Map([...seen].map(([hash, count]) => [hash, Math.log((bags.length + 1) / (count + 1)) + 1]));
}

function norm(bag: Bag, idf: Weights): number {
  let sum = 0;
  for (const hash of bag.keys()) sum += (idf.get(hash) ?? 1) ** 2;
  return Math.sqrt(sum);
}

function cosine(a: Bag, b: Bag, idf: Weights, norms: number): number {
  if (norms === 0) return 0;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let dot = 0;
  for (const hash of small.keys()) if (large.has(hash)) dot += (idf.get(hash) ?? 1) ** 2;
  return dot / norms;
}

/** `sum` holds unit vectors added up; the result is the sum of the cosines to each of them. */
function meanCosine(bag: Bag, sum: ReadonlyMap<number, number>, idf: Weights, size: number): number {
  if (size === 0) return 0;
  let dot = 0;
  for (const hash of bag.keys()) dot += (idf.get(hash) ?? 1) * (sum.get(hash) ?? 0);
  return dot / size;
}

function addTo(sum: Map<number, number>, bag: Bag, idf: Weights, size: number): void {
  if (size === 0) return;
  for (const hash of bag.keys()) sum.set(hash, (sum.get(hash) ?? 0) + (idf.get(hash) ?? 1) / size);
}
