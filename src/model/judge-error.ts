import { LoopsmithError } from "./errors.ts";

/** Of `of` outputs that people judged alike, the judge judged `agreed` as they did. */
export interface Agreement {
  agreed: number;
  of: number;
}

/** How often a judge agrees with people, counted on outputs that both have judged. `loop.calibration()` counts it. */
export interface JudgeError {
  /** Outputs people failed; `agreed` of them the judge failed. */
  failing: Agreement;
  /** Outputs people passed; `agreed` of them the judge passed. */
  passing: Agreement;
  /**
   * How far either rate may differ between the baseline's and the candidate's outputs, for example because the candidate
   * writes the way the judge likes. Of the gate alone. Default 0: the judge errs alike on both.
   */
  drift?: number;
}

export interface JudgeRates {
  /** Share of true failures that the judge fails. */
  sensitivityToFailures: number;
  /** Share of true passes that the judge passes. */
  specificity: number;
}

/**
 * The two rates behind the counts.
 * @throws LoopsmithError `invalid` for counts that are no counts
 */
export function judgeRates({ failing, passing }: JudgeError): JudgeRates {
  for (const { agreed, of } of [failing, passing]) {
    if (of > 0 && Number.isFinite(of) && agreed >= 0 && agreed <= of) continue;
    throw new LoopsmithError("invalid", `The judge's calibration says ${agreed} of ${of}.`, {
      hint: "Count agreements on at least one output people failed and one they passed.",
    });
  }
  return { sensitivityToFailures: failing.agreed / failing.of, specificity: passing.agreed / passing.of };
}
