import { cohenKappa, confusionOf, matthewsCorrelation } from "../../internal/statistics/agreement.ts";
import type { Confusion } from "../../internal/statistics/agreement.ts";
import { correctedRate } from "../../internal/statistics/rogan-gladen.ts";
import { wilsonInterval } from "../../internal/statistics/wilson.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { chooseThreshold } from "./choose-threshold.ts";
import type { ChooseThresholdOptions, ChosenThreshold } from "./choose-threshold.ts";
import type { Labelled } from "./labelled.ts";

export interface CalibrateOptions {
  /** The pass mark in use: scores strictly below it fail. @default 0.5 */
  threshold?: number;
  /** Fewer labels of either class than this, and nothing is reported. @default 20 */
  minPerClass?: number;
  /** What the evaluator said on all traffic: `failed` of `total` runs. Gives the corrected failure rate. */
  observed?: { failed: number; total: number };
  /** Bounds the threshold to suggest. */
  choose?: ChooseThresholdOptions;
}

/** A share with its 95% interval. */
export interface Share {
  value: number;
  low: number;
  high: number;
}

/** How far an evaluator can be trusted, measured against people. "Positive" is "failed" throughout. */
export interface Calibration {
  threshold: number;
  /** Labelled runs, and how many of them people called failures and passes. */
  labelled: number;
  failures: number;
  passes: number;
  confusion: Confusion;
  /** Share of true failures it fails (sensitivity), of true passes it passes (specificity), and of its failures that are true. */
  caught: Share;
  passed: Share;
  precision: Share;
  accuracy: Share;
  kappa: Share;
  matthews: number;
  /** The failure rate on all traffic with the evaluator's errors taken out; `null` without `observed` or skill. */
  correctedFailureRate: (Share & { observed: number }) | null;
  /** The pass mark that bounds missed failures, or `null` where the labels do not allow one; then `suggestion` says why. */
  suggested: ChosenThreshold | null;
  suggestion: string;
}

/**
 * Compares an evaluator with people on runs that both have judged.
 *
 * @throws LoopsmithError `invalid` when either class has fewer than `minPerClass` labels: figures from less mislead
 */
export function calibrate(labelled: readonly Labelled[], options: CalibrateOptions = {}): Calibration {
  const { threshold = 0.5, minPerClass = 20, observed } = options;
  const confusion = confusionOf(labelled.map(({ score, failed }) => [score < threshold, failed] as const));
  const failures = confusion.truePositives + confusion.falseNegatives;
  const passes = confusion.trueNegatives + confusion.falsePositives;
  refuseTooFew(failures, passes, minPerClass);
  const { kappa, low, high } = cohenKappa(confusion);
  const { suggested, suggestion } = suggest(labelled, options.choose);
  return {
    threshold,
    labelled: labelled.length,
    failures,
    passes,
    confusion,
    caught: share(confusion.truePositives, failures),
    passed: share(confusion.trueNegatives, passes),
    precision: share(confusion.truePositives, confusion.truePositives + confusion.falsePositives),
    accuracy: share(confusion.truePositives + confusion.trueNegatives, labelled.length),
    kappa: { value: kappa, low, high },
    matthews: matthewsCorrelation(confusion),
    correctedFailureRate: observed ? corrected(observed, confusion, failures, passes) : null,
    suggested,
    suggestion,
  };
}

function corrected(
  observed: { failed: number; total: number },
  confusion: Confusion,
  failures: number,
  passes: number,
): Calibration["correctedFailureRate"] {
  const { estimate, low, high } = correctedRate(
    { positive: observed.failed, total: observed.total },
    {
      sensitivity: { agreed: confusion.truePositives, of: failures },
      specificity: { agreed: confusion.trueNegatives, of: passes },
    },
  );
  return Number.isNaN(estimate) ? null : { observed: observed.failed / observed.total, value: estimate, low, high };
}

function suggest(
  labelled: readonly Labelled[],
  choose: ChooseThresholdOptions | undefined,
): Pick<Calibration, "suggested" | "suggestion"> {
  try {
    const suggested = chooseThreshold(labelled, choose);
    const { threshold, missedAtMost, falseAlarms, passes } = suggested;
    const price = `${falseAlarms} of ${passes} passing runs would fail too`;
    return {
      suggested,
      suggestion: `below ${short(threshold)} fails: at most ${short(missedAtMost)} of failures missed; ${price}`,
    };
  } catch (error) {
    if (!LoopsmithError.isInstance(error)) throw error;
    return { suggested: null, suggestion: `${error.message} ${error.hint}` };
  }
}

function refuseTooFew(failures: number, passes: number, minPerClass: number): void {
  if (failures >= minPerClass && passes >= minPerClass) return;
  throw new LoopsmithError(
    "invalid",
    `Only ${failures} failing and ${passes} passing runs are labelled; calibration takes ${minPerClass} of each.`,
    {
      hint: "Have people label more runs of the rarer kind, for example from the evaluator's failures.",
      details: { failures, passes, minPerClass },
    },
  );
}

function share(hits: number, total: number): Share {
  const [low, high] = wilsonInterval(hits, total);
  return { value: total === 0 ? Number.NaN : hits / total, low, high };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
