import { LoopsmithError } from "../model/errors.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How an issue's state is decided. Every number has a default; see `docs/issues.md` for what each costs and buys. */
export interface LifeOptions {
  /**
   * Evidence (e-value) at which a candidate counts as confirmed; 1 in this many false candidates slips through. @default 20
   */
  confirmAt?: number;
  /** A candidate that had exposure and was not confirmed for this long is dismissed. @default 7 days */
  candidateMs?: number;
  /** How long `confirmed`, `growing`, `shrinking` and `regressed` last after their newest evidence. @default 3 days */
  newsMs?: number;
  /** No exposed run for this long means `no_exposure`. @default 24 hours, so that quiet nights do not count */
  exposureMs?: number;
  /**
   * One false trend (growing, shrinking or regressed, each) is acceptable in this time: over all issues when they are
   * observed together (`observeWindows`), else per issue. Larger is calmer and slower. @default 30 days
   */
  falseTrendEveryMs?: number;
  /** Odds ratios a trend is expected to have, betted on in equal parts; falls use their inverses. @default 1.5, 2, 4, 10 */
  trendRatios?: readonly number[];
  /** Resolved when the rate's upper bound is below this share of its peak. @default 0.25 */
  resolveFraction?: number;
  /** Of reference bounds and of the upper bound that resolves. @default 0.95 */
  confidence?: number;
  /** Exposed runs before a trend can be judged. @default 30 */
  firstLook?: number;
  /** Exposed runs after which the reference of a trend stops learning, so that slow drift shows. @default 20_000 */
  referenceRuns?: number;
  /**
   * Runs of one task, session or user that may depend on each other: at most this many. All evidence is divided by it.
   * @default 1; a loop estimates it
   */
  clusterSize?: number;
}

export type ResolvedLifeOptions = Required<LifeOptions>;

const DEFAULTS: ResolvedLifeOptions = {
  confirmAt: 20,
  candidateMs: 7 * DAY,
  newsMs: 3 * DAY,
  exposureMs: DAY,
  falseTrendEveryMs: 30 * DAY,
  trendRatios: [1.5, 2, 4, 10],
  resolveFraction: 0.25,
  confidence: 0.95,
  firstLook: 30,
  referenceRuns: 20_000,
  clusterSize: 1,
};

/** Fills in defaults. @throws LoopsmithError `invalid` when a number makes no sense. */
export function resolveLifeOptions(options: LifeOptions = {}): ResolvedLifeOptions {
  const resolved = { ...DEFAULTS, ...options };
  const wrong = (Object.keys(DEFAULTS) as (keyof LifeOptions)[]).find((key) => !sensible(key, resolved[key]));
  if (wrong !== undefined) {
    throw new LoopsmithError("invalid", `${wrong} is ${String(resolved[wrong])}`, { hint: HINTS[wrong] ?? POSITIVE });
  }
  return resolved;
}

const POSITIVE = "Give a finite number above 0.";
const HINTS: Partial<Record<keyof LifeOptions, string>> = {
  confirmAt: "Give a number above 1, for example 20.",
  trendRatios: "Give at least one odds ratio, each above 1.",
  resolveFraction: "Give a share between 0 and 1, for example 0.25.",
  confidence: "Give a confidence between 0 and 1, for example 0.95.",
  clusterSize: "Give 1 for independent runs, or the most runs a cluster can have.",
};

function sensible(key: keyof LifeOptions, value: number | readonly number[]): boolean {
  if (typeof value !== "number") return value.length > 0 && value.every((ratio) => ratio > 1 && Number.isFinite(ratio));
  if (key === "resolveFraction" || key === "confidence") return value > 0 && value < 1;
  if (key === "confirmAt") return value > 1 && Number.isFinite(value);
  if (key === "clusterSize") return value >= 1 && Number.isFinite(value);
  return value > 0 && Number.isFinite(value);
}
