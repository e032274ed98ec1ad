/** Turns a score into a probability: logistic in the score's logit. Plain JSON. */
export interface Calibration {
  slope: number;
  intercept: number;
  /** Scores it was fitted on, and how many of them were right. */
  count: number;
  hits: number;
}

/**
 * Platt scaling (Platt 1999) of scores from 0 to 1 whose truth is known, by Newton steps, with his smoothed targets so
 * that few data never claim certainty. `null` when all were right or all wrong: then there is nothing to learn from.
 * The scores must be held out, i.e. given by a model that had not seen these cases.
 */
export function fitCalibration(cases: readonly { score: number; hit: boolean }[]): Calibration | null {
  const count = cases.length;
  const hits = cases.filter(({ hit }) => hit).length;
  if (hits === 0 || hits === count) return null;
  const target = { hit: (hits + 1) / (hits + 2), miss: 1 / (count - hits + 2) };
  let slope = 1;
  let intercept = 0;
  for (let step = 0; step < 50; step++) {
    // Gradient and Hessian of the log-likelihood, with a whisper of ridge towards slope 1 to keep the Hessian regular.
    let [gs, gi, hss, hsi, hii] = [RIDGE * (slope - 1), RIDGE * intercept, RIDGE, 0, RIDGE];
    for (const { score, hit } of cases) {
      const x = logit(score);
      const p = sigmoid(slope * x + intercept);
      const off = p - (hit ? target.hit : target.miss);
      const w = Math.max(p * (1 - p), 1e-9);
      gs += off * x;
      gi += off;
      hss += w * x * x;
      hsi += w * x;
      hii += w;
    }
    const determinant = hss * hii - hsi * hsi;
    const [ds, di] = [(hii * gs - hsi * gi) / determinant, (hss * gi - hsi * gs) / determinant];
    slope -= ds;
    intercept -= di;
    if (Math.abs(ds) + Math.abs(di) < 1e-9) break;
  }
  return { slope, intercept, count, hits };
}

/** The probability that a suspect with this score is the decisive one, never quite 0 or 1. */
export function calibrated(calibration: Calibration, score: number): number {
  return sigmoid(calibration.slope * logit(score) + calibration.intercept);
}

// --- internal ---

const RIDGE = 0.01;

function logit(score: number): number {
  const p = Math.min(0.999, Math.max(0.001, score));
  return Math.log(p / (1 - p));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
