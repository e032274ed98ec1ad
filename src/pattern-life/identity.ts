import { stableId } from "../model/id.ts";
import type { FollowedPattern } from "../model/issue.ts";
import type { Predicate } from "../model/pattern.ts";

export interface IdentityOptions {
  /** How far a threshold may move, as a share of its scale, and still be the same pattern. @default 0.15 */
  thresholdTolerance?: number;
  /**
   * The scale of a feature (its interquartile range, say).
   * @default 1/3 for thresholds inside 0 to 1, which allows score marks to move by 0.05, else the larger of the two values
   */
  scale?: (feature: string) => number | undefined;
}

/**
 * The id of the issue that a predicate set opens: the same for any order, and for repeated conditions on one feature (only
 * the tighter of two bounds counts).
 */
export function issueId(predicates: readonly Predicate[]): string {
  return stableId("issue", ...canonical(predicates).map((p) => JSON.stringify([p.feature, p.operator, p.value])));
}

/**
 * The followed pattern these predicates belong to: same features, operators and categories, every threshold within tolerance of
 * where the issue was *first* seen, so that identity cannot drift away step by step. The nearest wins, then the oldest. A
 * pattern merged into another is answered with the one that stands for it.
 */
export function findFollowed(
  followed: readonly FollowedPattern[],
  predicates: readonly Predicate[],
  options: IdentityOptions = {},
): FollowedPattern | undefined {
  let best: { issue: FollowedPattern; distance: number } | undefined;
  for (const issue of followed) {
    if (issue.mergedInto !== null) continue;
    for (const known of [issue.predicates, ...issue.aliases]) {
      const distance = predicateDistance(known, predicates, options);
      if (distance === null) continue;
      const nearer =
        best === undefined ||
        distance < best.distance ||
        (distance === best.distance && issue.firstSeenAt < best.issue.firstSeenAt);
      if (nearer) best = { issue, distance };
    }
  }
  return best?.issue;
}

/** 0 for the same set, up to 1 at the edge of tolerance, `null` for different patterns. Symmetric. */
export function predicateDistance(
  a: readonly Predicate[],
  b: readonly Predicate[],
  { thresholdTolerance = 0.15, scale }: IdentityOptions = {},
): number | null {
  const [first, second] = [canonical(a), canonical(b)];
  if (first.length !== second.length) return null;
  let largest = 0;
  for (const [index, left] of first.entries()) {
    const right = second[index];
    if (right === undefined || left.feature !== right.feature || left.operator !== right.operator) return null;
    if (left.value === right.value) continue;
    if (!isThreshold(left) || !isThreshold(right)) return null;
    const room = thresholdTolerance * (scale?.(left.feature) ?? naturalScale(left.value, right.value));
    // A hair of slack, so that decimal thresholds exactly at the edge do not depend on rounding.
    const distance = Math.abs(left.value - right.value) / (room + Number.EPSILON);
    if (!(distance <= 1 + 1e-9)) return null;
    largest = Math.max(largest, distance);
  }
  return largest;
}

interface ThresholdPredicate extends Predicate {
  value: number;
}

function isThreshold(predicate: Predicate): predicate is ThresholdPredicate {
  return (predicate.operator === "<" || predicate.operator === ">=") && typeof predicate.value === "number";
}

function naturalScale(a: number, b: number): number {
  const inUnit = a >= 0 && a <= 1 && b >= 0 && b <= 1;
  return inUnit ? 1 / 3 : Math.max(Math.abs(a), Math.abs(b));
}

/** One predicate per feature and direction, sorted. */
function canonical(predicates: readonly Predicate[]): Predicate[] {
  const byKey = new Map<string, Predicate>();
  for (const predicate of predicates) {
    const key = JSON.stringify([
      predicate.feature,
      predicate.operator,
      isThreshold(predicate) ? null : predicate.value,
    ]);
    const known = byKey.get(key);
    if (known === undefined || tighter(predicate, known)) byKey.set(key, predicate);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, predicate]) => predicate);
}

function tighter(a: Predicate, b: Predicate): boolean {
  if (!isThreshold(a) || !isThreshold(b)) return false;
  return a.operator === "<" ? a.value < b.value : a.value > b.value;
}
