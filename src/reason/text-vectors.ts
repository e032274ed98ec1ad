import { contentWords } from "../internal/text/words.ts";
import { maskText } from "./mask.ts";
import type { SparseVector } from "./vector.ts";

/** How common each feature is; plain JSON, so that texts of tomorrow can be compared with clusters of today. */
export interface TextSpace {
  texts: number;
  /** Texts that hold the feature; features of a single text are left out, since absent ones count as 0. */
  frequency: Readonly<Record<string, number>>;
}

/** How much of the likeness comes from words and word pairs; the rest from groups of letters, which survive typos and inflection. */
const WORD_SHARE = 0.7;

/** Counts features over the texts. */
export function textSpace(texts: readonly string[]): TextSpace {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const feature of new Set([...wordFeatures(text), ...letterFeatures(text)]))
      counts.set(feature, (counts.get(feature) ?? 0) + 1);
  }
  return { texts: texts.length, frequency: Object.fromEntries([...counts].filter(([, count]) => count > 1)) };
}

/**
 * TF-IDF: stems and pairs of stems, and groups of 3 to 5 letters, each part of unit length and weighed. Ids, numbers,
 * names in quotes and the like are masked first. Also for texts the space was not counted from.
 */
export function textVector(space: TextSpace, text: string): SparseVector {
  const weight = (feature: string): number => {
    const seen = Object.hasOwn(space.frequency, feature) ? (space.frequency[feature] ?? 1) : 1;
    return Math.log((1 + space.texts) / (1 + seen)) + 1;
  };
  const words = unit(counted(wordFeatures(text), weight), Math.sqrt(WORD_SHARE));
  const letters = unit(counted(letterFeatures(text), weight), Math.sqrt(1 - WORD_SHARE));
  return new Map([...words, ...letters]);
}

/** Words of a masked text that carry content, as stems beside their written form; the masks' own names left out. */
export function termsOf(text: string): string[] {
  return contentWords(plainWords(text), "en");
}

/** The masked text without its masks. */
export function plainWords(text: string): string {
  return maskText(text).replace(/<[\w*]+>/g, " ");
}

function wordFeatures(text: string): string[] {
  const terms = termsOf(text);
  // Nothing but numbers, quotes or punctuation: such texts are alike when they have the same form.
  if (terms.length === 0) return [`=${maskText(text)}`];
  return [...terms, ...terms.slice(1).map((term, index) => `${terms[index]} ${term}`)];
}

function letterFeatures(text: string): string[] {
  return termsOf(text).flatMap((term) => {
    const padded = `_${term}_`;
    // The leading mark keeps groups of letters apart from words.
    return [3, 4, 5].flatMap((size) =>
      Array.from({ length: Math.max(0, padded.length - size + 1) }, (_, at) => `#${padded.slice(at, at + size)}`),
    );
  });
}

/** Sublinear counts, so that a word said five times does not drown the rest. */
function counted(features: readonly string[], weight: (feature: string) => number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const feature of features) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  for (const [feature, count] of counts) counts.set(feature, (1 + Math.log(count)) * weight(feature));
  return counts;
}

function unit(vector: Map<string, number>, length: number): Map<string, number> {
  const norm = Math.sqrt([...vector.values()].reduce((sum, value) => sum + value * value, 0));
  if (norm > 0) for (const [feature, value] of vector) vector.set(feature, (value / norm) * length);
  return vector;
}
