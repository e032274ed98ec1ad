import type { FeatureRow, FeatureValue } from "../model/pattern.ts";

type Features = FeatureRow["features"];

/**
 * For each failing run the nearest passing one that is not taken yet, by Gower's distance (Biometrics 1971) over the
 * features both know: 0 or 1 for labels, the difference over the range for numbers. `ignored` features are left out:
 * those of the pattern itself, on which failing and passing runs differ by definition. Returns indices into `passing`,
 * in order of the failing runs; fewer where the passing ones run out.
 */
export function matchControls(
  failing: readonly Features[],
  passing: readonly Features[],
  ignored: ReadonlySet<string>,
): number[] {
  const ranges = featureRanges([...failing, ...passing]);
  const free = new Set(passing.keys());
  const taken: number[] = [];
  for (const features of failing) {
    let [nearest, least] = [-1, Infinity];
    for (const index of free) {
      const distance = gower(features, passing[index] ?? {}, ranges, ignored);
      if (distance < least) [nearest, least] = [index, distance];
    }
    if (nearest === -1) break;
    free.delete(nearest);
    taken.push(nearest);
  }
  return taken;
}

function gower(a: Features, b: Features, ranges: ReadonlyMap<string, number>, ignored: ReadonlySet<string>): number {
  let [sum, shared] = [0, 0];
  for (const name of Object.keys(a)) {
    if (ignored.has(name)) continue;
    shared += 1;
    sum += featureDistance(a[name] ?? null, Object.hasOwn(b, name) ? (b[name] ?? null) : null, ranges.get(name) ?? 0);
  }
  return shared === 0 ? 1 : sum / shared;
}

function featureDistance(a: FeatureValue, b: FeatureValue, range: number): number {
  if (typeof a === "number" && typeof b === "number") return range > 0 ? Math.min(1, Math.abs(a - b) / range) : 0;
  return a === b ? 0 : 1;
}

function featureRanges(rows: readonly Features[]): Map<string, number> {
  const ends = new Map<string, [low: number, high: number]>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      const [low, high] = ends.get(name) ?? [value, value];
      ends.set(name, [Math.min(low, value), Math.max(high, value)]);
    }
  }
  return new Map([...ends].map(([name, [low, high]]) => [name, high - low]));
}
