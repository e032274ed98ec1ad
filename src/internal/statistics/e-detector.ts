import { atOdds, insideUnit, logBet } from "./betting.ts";

/** How a detector bets. All of it must be settled before the runs of a step are seen. */
export interface EDetectorBet {
  /** The boundary of "nothing has changed": rates above it (or below it, with ratios under 1) are the change. */
  nullRate: number;
  /** Odds ratios of the alternatives, all above 1 (watch for a rise) or all below 1 (watch for a fall). */
  ratios: readonly number[];
  /**
   * Chance of a change starting at this step, in units of the alarm threshold 1: elapsed time over the time in which one
   * false alarm is acceptable.
   */
  weight: number;
  /**
   * Runs that may depend on each other come in clusters of at most this many. Capital is raised to the power `1 /
   * clusterSize`, which keeps its expectation at most 1 under any dependence inside a cluster (Hoelder's inequality).
   * @default 1
   */
  clusterSize?: number;
  /** `sr` (Shiryaev-Roberts) restarts the bet at every step at once; `cusum` keeps the best start. @default "sr" */
  kind?: "sr" | "cusum";
}

/** A detector's whole memory; plain finite numbers. */
export interface EDetector {
  /** Capital of each alternative. */
  capitals: number[];
  /** The suspected change: since when, and what was seen since. For display, not for the decision. */
  suspect: { from: number; failing: number; total: number; score: number };
}

/** Keeps capital finite, so that state survives JSON. */
const MOST = 1e300;

/** A detector that has seen nothing. */
export function startEDetector(alternatives: number, at: number): EDetector {
  return {
    capitals: Array.from({ length: alternatives }, () => 0),
    suspect: { from: at, failing: 0, total: 0, score: 0 },
  };
}

/**
 * One step of a mixture e-detector for a Bernoulli rate (Shin, Ramdas & Rinaldo, "E-detectors", NEJSDS 2024, arXiv
 * 2203.03532): per alternative `M <- L (M + w)` (e-SR) or `M <- L max(M, w)` (e-CUSUM), where L is the capital multiplier of
 * the step's runs and w its weight. As long as the rate stays on the null side, `sum of M - sum of w` is a supermartingale,
 * hence with alarm and restart whenever `eDetectorValue >= 1` the expected number of false alarms is at most the sum of
 * weights: one per acceptable period, however often it is looked at.
 *
 * `at` is the epoch ms at which the step's runs began.
 */
export function stepEDetector(
  state: EDetector,
  failing: number,
  total: number,
  at: number,
  bet: EDetectorBet,
): EDetector {
  if (total <= 0) return state;
  const nullRate = insideUnit(bet.nullRate);
  const power = 1 / (bet.clusterSize ?? 1);
  const gains = bet.ratios.map((ratio) => power * logBet(failing, total, nullRate, atOdds(nullRate, ratio)));
  const capitals = gains.map((gain, index) => {
    const capital = state.capitals[index] ?? 0;
    const stake = bet.kind === "cusum" ? Math.max(capital, bet.weight) : capital + bet.weight;
    return Math.min(MOST, Math.exp(gain) * stake);
  });
  return { capitals, suspect: stepSuspect(state.suspect, failing, total, at, gains[1] ?? gains[0] ?? 0) };
}

/** Evidence for a change, the mean over alternatives: alarm at 1. */
export function eDetectorValue(state: EDetector): number {
  let sum = 0;
  for (const capital of state.capitals) sum += capital / state.capitals.length;
  return sum;
}

/** Page's CUSUM beside the detector: where it last left zero is the likeliest start of the change. */
function stepSuspect(
  suspect: EDetector["suspect"],
  failing: number,
  total: number,
  at: number,
  gain: number,
): EDetector["suspect"] {
  const fresh = suspect.score <= 0;
  const score = Math.max(0, suspect.score + gain);
  if (score === 0) return { from: at, failing: 0, total: 0, score };
  return {
    from: fresh ? at : suspect.from,
    failing: failing + (fresh ? 0 : suspect.failing),
    total: total + (fresh ? 0 : suspect.total),
    score,
  };
}
