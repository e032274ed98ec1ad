import type { JudgedTruth } from "../../remedy/gate-verdict.ts";
import type { RemedyState } from "../../remedy/remedy-state.ts";
import type { RemedyRecord } from "../../store/resource/remedy.ts";

/** A remedy as the store keeps it, with the names of today. */
export function storedRemedy<C>({ state }: Pick<RemedyRecord, "state">): RemedyState<C> {
  const remedy = state as unknown as RemedyState<C>;
  const candidates = remedy.candidates.map((candidate) => {
    const { verdict } = candidate;
    return verdict?.truth ? { ...candidate, verdict: { ...verdict, truth: namedToday(verdict.truth) } } : candidate;
  });
  return { ...remedy, candidates };
}

interface FormerTruth extends Omit<JudgedTruth, "sensitivityToFailures" | "specificity"> {
  truePositiveRate: number;
  trueNegativeRate: number;
}

/** Verdicts of the gate called "passed" positive before they took what a calibration gives. */
function namedToday(truth: JudgedTruth | FormerTruth): JudgedTruth {
  if (!("truePositiveRate" in truth)) return truth;
  const { truePositiveRate, trueNegativeRate, ...rates } = truth;
  return { sensitivityToFailures: trueNegativeRate, specificity: truePositiveRate, ...rates };
}
