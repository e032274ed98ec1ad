import { atOdds } from "../../internal/statistics/betting.ts";
import { eDetectorValue, startEDetector, stepEDetector } from "../../internal/statistics/e-detector.ts";
import { addToReference, EMPTY_REFERENCE, referenceShare } from "../../internal/statistics/reference-rate.ts";
import type { RateMemory } from "../../model/alert.ts";
import { duration } from "../../internal/duration.ts";
import { minute, percent } from "./reading.ts";
import type { Moment, Reading } from "./reading.ts";

/** Odds ratios of the raised rates betted on, in equal parts: from a slow creep to an outage. */
const RISE_RATIOS = [1.5, 2, 3, 6, 20] as const;

/**
 * To be over, the rate must be shown to be below this many times the baseline's odds (or the smaller rise it fired on). Held
 * against what the rise itself was estimated at, a worst hour would make an ordinary bad day look like the end of it.
 */
const OVER_RATIO = 2;

/** What the rate is betted to have fallen to, in odds of the rate to disprove: the usual, or well below. */
const FALL_RATIOS = [1 / OVER_RATIO, 1 / OVER_RATIO ** 2];

/** A gap in evaluations counts as this much time at most: what was not watched is not paid for. */
const LONGEST_STEP_MS = 3_600_000;

/** What is watched, and how strictly. Both `failure_rate` and `evaluator_health` come down to this. */
export interface RateLimit {
  /** A rate that is fine, or how to learn it. */
  baseline: number | { learnTraces: number; learnLimit: number; minimumRatio: number };
  falseAlarmEveryMs: number;
  falseResolveEveryMs: number;
  clusterSize: number;
  /** `Failure rate`, and `traces`. */
  subject: string;
  unit: string;
}

export function startRateMemory(at: number): RateMemory {
  return {
    kind: "rate",
    reference: EMPTY_REFERENCE,
    rise: startEDetector(RISE_RATIOS.length, at),
    fall: null,
    raised: null,
    current: null,
  };
}

/**
 * Watches a rate with a mixture e-SR detector whose weights are the time it watches over the time in which one false alarm is
 * acceptable. While it fires, a second detector watches for the fall from twice the baseline's odds back to it: rates in
 * between neither start an alarm soon nor end one, which is all the hysteresis there is to tune.
 */
export function readRate(
  limit: RateLimit,
  memory: RateMemory,
  { failing, total }: { failing: number; total: number },
  moment: Moment,
): Reading<RateMemory> {
  return moment.firing
    ? watchFall(limit, memory, failing, total, moment)
    : watchRise(limit, memory, failing, total, moment);
}

function watchRise(
  limit: RateLimit,
  memory: RateMemory,
  failing: number,
  total: number,
  { from, now, minimumSamples, threshold }: Moment,
): Reading<RateMemory> {
  const baseline = nullRate(limit, memory);
  const reference = learn(limit, memory, failing, total);
  if (baseline === null) {
    const text = (): string => `${limit.subject} is being learned: ${reference.total} ${limit.unit} so far`;
    return { memory: { ...memory, reference }, verdict: "learning", text, data: { seen: reference.total } };
  }
  const weight = Math.min(now - from, LONGEST_STEP_MS) / limit.falseAlarmEveryMs;
  const bet = { nullRate: baseline, ratios: RISE_RATIOS, weight, clusterSize: limit.clusterSize };
  const rise = stepEDetector(memory.rise, failing, total, from, bet);
  const evidence = eDetectorValue(rise) / threshold;
  const data = { evidence, baseline, ...rise.suspect };
  if (evidence < 1 || rise.suspect.total < minimumSamples) {
    const calm = { ...memory, rise, reference };
    return {
      memory: calm,
      verdict: "clear",
      text: () => `${limit.subject} is within ${percent(baseline)}`,
      data,
      evidence,
    };
  }
  const best = RISE_RATIOS[rise.capitals.indexOf(Math.max(...rise.capitals))] ?? OVER_RATIO;
  const raised = overBelow(limit, memory, Math.min(best, OVER_RATIO));
  const { score: _, ...current } = rise.suspect;
  const fired: RateMemory = { ...memory, rise, fall: startEDetector(FALL_RATIOS.length, now), raised, current };
  return { memory: fired, verdict: "breach", text: () => describe(limit, memory, current, baseline), data, evidence };
}

function watchFall(
  limit: RateLimit,
  memory: RateMemory,
  failing: number,
  total: number,
  { from, now }: Moment,
): Reading<RateMemory> {
  const baseline = nullRate(limit, memory) ?? 0;
  const raised = memory.raised ?? overBelow(limit, memory, OVER_RATIO);
  const weight = Math.min(now - from, LONGEST_STEP_MS) / limit.falseResolveEveryMs;
  const bet = { nullRate: raised, ratios: FALL_RATIOS, weight, clusterSize: limit.clusterSize };
  const fall = stepEDetector(memory.fall ?? startEDetector(FALL_RATIOS.length, from), failing, total, from, bet);
  const before = memory.current ?? { from, failing: 0, total: 0 };
  const current = { from: before.from, failing: before.failing + failing, total: before.total + total };
  if (eDetectorValue(fall) >= 1) {
    const { failing: late, total: seen, from: since } = fall.suspect;
    const text = (): string =>
      `${limit.subject} is back at ${percent(seen > 0 ? late / seen : 0)} since ${minute(since)}, after ${duration(now - current.from)}`;
    const calm: RateMemory = {
      ...memory,
      rise: startEDetector(RISE_RATIOS.length, now),
      fall: null,
      raised: null,
      current: null,
    };
    return { memory: calm, verdict: "clear", text, data: { baseline, failing: late, total: seen } };
  }
  const data = { baseline, raised, ...current };
  return {
    memory: { ...memory, fall, current },
    verdict: "hold",
    text: () => describe(limit, memory, current, baseline),
    data,
  };
}

/** The highest rate that still counts as fine; `null` while it is being learned. */
function nullRate({ baseline }: RateLimit, { reference }: RateMemory): number | null {
  if (typeof baseline === "number") return baseline;
  if (reference.looks === 0) return null;
  return Math.min(0.999, Math.max(reference.upper, baseline.minimumRatio * referenceShare(reference)));
}

/** The rate that must be disproved before the alarm is over: a multiple of the usual, not of the bound that guards its learning. */
function overBelow({ baseline }: RateLimit, { reference }: RateMemory, ratio: number): number {
  if (typeof baseline === "number") return atOdds(baseline, ratio);
  return Math.max(reference.upper, atOdds(referenceShare(reference), ratio));
}

/** Learns from what was not judged yet; the bound used on these runs is from before. */
function learn(
  { baseline }: RateLimit,
  { reference }: RateMemory,
  failing: number,
  total: number,
): RateMemory["reference"] {
  if (typeof baseline === "number") return reference;
  return addToReference(reference, failing, total, { firstLook: baseline.learnTraces, limit: baseline.learnLimit });
}

function describe(
  limit: RateLimit,
  { reference }: RateMemory,
  { from, failing, total }: { from: number; failing: number; total: number },
  baseline: number,
): string {
  const usual =
    typeof limit.baseline === "number"
      ? `above the limit of ${percent(baseline)}`
      : `against ${percent(referenceShare(reference))} in ${reference.total} ${limit.unit} before`;
  const share = percent(total > 0 ? failing / total : 0);
  return `${limit.subject} is ${share} (${failing} of ${total} ${limit.unit}) since ${minute(from)}, ${usual}`;
}
