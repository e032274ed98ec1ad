import type { Attribution } from "../model/failure.ts";
import type { Score } from "../model/score.ts";
import { evidenceByStep } from "./attribute.ts";
import type { AttributeOptions, Suspicion } from "./attribute.ts";
import { deviationEvidence } from "./deviation.ts";
import type { Normality } from "./deviation.ts";
import type { Step } from "./execution-order.ts";
import type { Table } from "./forest.ts";
import { stepFeatures } from "./feature/step-features.ts";
import { routeOf, spectrumEvidence } from "./spectrum.ts";
import type { Spectrum } from "./spectrum.ts";

export interface HistoryOptions extends AttributeOptions {
  /** Counts over decided traces (`countSpectrum`). @default none, the rung is skipped */
  spectrum?: Spectrum;
  /** Whether `spectrum` holds this trace already. @default false */
  counted?: boolean;
  /** What passing spans look like (`learnNormality`). @default none, the rung is skipped */
  normality?: Normality;
}

/** What the rungs without labels say of one step. `weight` is the strongest rung's, discounted by how far it is trusted. */
export interface Reading extends Suspicion {
  rung: Attribution["method"];
  /** Undiscounted weights, 0 to 1. */
  byRung: { evidence: number; spectrum: number; deviation: number };
}

/** How far a rung is trusted beside evidence: a symptom on the span itself outranks an unusual one. Judgement, see docs. */
const TRUST = { evidence: 1, spectrum: 0.8, deviation: 0.6 };

const HISTORY_RUNGS = ["spectrum", "deviation"] as const;

/** The readings of every step, aligned with the trace's execution order. */
export function readRungs(steps: readonly Step[], scores: readonly Score[], options: HistoryOptions = {}): Reading[] {
  const spectrum = spectrumEvidence(
    steps,
    options.spectrum?.[routeOf({ root: steps[0]!.span })],
    options.counted ?? false,
  );
  const deviation = deviationEvidence(steps, options.normality ?? {});
  return evidenceByStep(steps, scores, options).map(({ step, weight, evidence }, i) => {
    if (spectrum[i]) evidence.push(spectrum[i]);
    if (deviation[i]) evidence.push(deviation[i]);
    const byRung = { evidence: weight, spectrum: spectrum[i]?.weight ?? 0, deviation: deviation[i]?.weight ?? 0 };
    let rung: keyof typeof TRUST = "evidence";
    for (const other of HISTORY_RUNGS) if (TRUST[other] * byRung[other] > TRUST[rung] * byRung[rung]) rung = other;
    return { step, weight: TRUST[rung] * byRung[rung], evidence, rung, byRung };
  });
}

/** The steps below the root as the ranker sees them; `readings` are those of all. */
export function featuresOf(steps: readonly Step[], readings: readonly Reading[]): { names: string[]; table: Table } {
  return stepFeatures(steps, {
    evidence: (i) => readings[i]!.byRung.evidence,
    spectrum: (i) => readings[i]!.byRung.spectrum,
    deviation: (i) => readings[i]!.byRung.deviation,
  });
}
