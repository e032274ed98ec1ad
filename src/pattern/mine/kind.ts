import type { Predicate } from "../../model/pattern.ts";
import type { Codebook } from "../codebook.ts";
import type { Candidate } from "./candidate.ts";

/** A condition with its cut left out: cuts of one feature in one direction are of one kind. */
export function kindOf(predicate: Predicate | undefined): string {
  if (predicate === undefined) return "";
  const { feature, operator, value } = predicate;
  return JSON.stringify(operator === "<" || operator === ">=" ? [feature, operator] : [feature, operator, value]);
}

/** The first candidate of each set of kinds: thousands of cuts of the same few features become one. */
export function firstOfEachKind(candidates: readonly Candidate[], { items }: Codebook): Candidate[] {
  const kinds = items.map(kindOf);
  const seen = new Set<string>();
  return candidates.filter((candidate) => {
    const key = candidate.items.map((item) => kinds[item]).join();
    return !seen.has(key) && seen.add(key);
  });
}
