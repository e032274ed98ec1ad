import { stableId } from "../model/id.ts";
import type { Predicate } from "../model/pattern.ts";

/** Predicates in the one order that identity and display use. */
export function canonicalPredicates(predicates: readonly Predicate[]): Predicate[] {
  return [...predicates].sort((a, b) => (predicateKey(a) < predicateKey(b) ? -1 : 1));
}

/** The same set of predicates, in any order, has the same id. */
export function patternId(predicates: readonly Predicate[]): string {
  return stableId("pattern", ...canonicalPredicates(predicates).map(predicateKey));
}

function predicateKey({ feature, operator, value }: Predicate): string {
  return JSON.stringify([feature, operator, value]);
}
