import { calibrate, type Calibration } from "../evaluator/calibration/calibrate.ts";
import type { Labelled } from "../evaluator/calibration/labelled.ts";
import type { JudgeError } from "../model/judge-error.ts";
import { learnablePages } from "./learn/hourly-buckets.ts";
import type { OpenLoop } from "./open-loop.ts";
import { resolveWindow, type WindowOption } from "./window.ts";

export interface JudgeCalibrationOptions {
  /**
   * The feedback key people fill in on the root of a trace, in an annotation queue for example, before the trace is judged or
   * after. The newest score counts.
   */
  humanKey: string;
  /** People's scores strictly below this mean "failed". @default 0.5 */
  humanThreshold?: number;
  /** Verdicts compared, by start of the trace. @default "30d" */
  window?: WindowOption;
  /** Fewer labels of either class than this, and nothing is reported. @default 20 */
  minPerClass?: number;
}

/** How often the loop's verdicts agree with people. `judge` is what `patterns` and `gate` take to correct for its errors. */
export interface JudgeCalibration extends Pick<
  Calibration,
  "labelled" | "failures" | "passes" | "confusion" | "caught" | "passed" | "accuracy" | "kappa" | "matthews"
> {
  judge: JudgeError;
}

/**
 * Compares the verdicts of a loop with what people have said of the same traces by now. What stood on a trace when it was
 * judged counts where the platform has no score (any more).
 * @throws LoopsmithError `invalid` with fewer than `minPerClass` labels of failures or of passes, or for a bad window
 */
export async function calibrateJudge(
  { store, platform, loopId }: Pick<OpenLoop, "store" | "platform" | "loopId">,
  options: JudgeCalibrationOptions,
): Promise<JudgeCalibration> {
  const { humanKey, humanThreshold = 0.5, window = "30d", minPerClass = 20 } = options;
  const labelled: Labelled[] = [];
  for await (const page of learnablePages(store, loopId, resolveWindow(window, store.now()))) {
    // The root's id is the trace's.
    const said = await platform.scoresRead({ spanIds: page.map(({ traceId }) => traceId), key: humanKey });
    for (const { traceId, failed, features } of page) {
      const human = said.get(traceId) ?? features[`feedback.${humanKey}`];
      if (typeof human === "number") labelled.push({ score: failed ? 0 : 1, failed: human < humanThreshold });
    }
  }
  // A verdict is a score of 0 or 1, so there is no threshold to suggest.
  const {
    threshold: _t,
    precision: _p,
    correctedFailureRate: _c,
    suggested: _s,
    suggestion: _g,
    ...agreement
  } = calibrate(labelled, { minPerClass });
  const { failures, passes, confusion } = agreement;
  const judge: JudgeError = {
    failing: { agreed: confusion.truePositives, of: failures },
    passing: { agreed: confusion.trueNegatives, of: passes },
  };
  return { ...agreement, judge };
}
