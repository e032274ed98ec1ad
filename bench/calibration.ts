/**
 * Simulates calibration. `node --import ./scripts/ts.mjs bench/calibration.ts [--json]`
 *
 * Does the 95% interval of the corrected failure rate cover the truth 95% of the time, and does the suggested threshold
 * keep its promise? The uncorrected rate stands beside it: what one reports without calibrating.
 */
import { randomBinomial, randomSource } from "../src/internal/random.ts";
import type { RandomSource } from "../src/internal/random.ts";
import { correctedRate } from "../src/internal/statistics/rogan-gladen.ts";
import { wilsonInterval } from "../src/internal/statistics/wilson.ts";
import { chooseThreshold } from "../src/evaluator/calibration/choose-threshold.ts";
import type { Labelled } from "../src/evaluator/calibration/labelled.ts";

const SIMULATIONS = 2000;

/** True failure rate, how good the judge is, runs judged, and labels of either class. */
interface Design {
  failureRate: number;
  sensitivity: number;
  specificity: number;
  runs: number;
  failing: number;
  passing: number;
}

const design = (
  failureRate: number,
  sensitivity: number,
  specificity: number,
  runs: number,
  failing: number,
  passing: number,
): Design => ({
  failureRate,
  sensitivity,
  specificity,
  runs,
  failing,
  passing,
});

const DESIGNS: readonly Design[] = [
  design(0.1, 0.9, 0.85, 1000, 100, 100),
  design(0.3, 0.9, 0.85, 1000, 100, 100),
  design(0.5, 0.9, 0.85, 1000, 100, 100),
  design(0.3, 0.9, 0.7, 1000, 200, 200),
  design(0.05, 0.9, 0.95, 2000, 60, 200),
  design(0.2, 0.85, 0.9, 300, 40, 80),
  design(0.6, 0.9, 0.9, 1000, 200, 200),
  design(0.2, 0.9, 0.85, 10_000, 500, 500),
];

function coverage(random: RandomSource, one: Design) {
  let [covered, naive, width] = [0, 0, 0];
  for (let run = 0; run < SIMULATIONS; run++) {
    const judgedRate = one.failureRate * one.sensitivity + (1 - one.failureRate) * (1 - one.specificity);
    const positive = randomBinomial(random, one.runs, judgedRate);
    const skill = {
      sensitivity: { agreed: randomBinomial(random, one.failing, one.sensitivity), of: one.failing },
      specificity: { agreed: randomBinomial(random, one.passing, one.specificity), of: one.passing },
    };
    const { low, high } = correctedRate({ positive, total: one.runs }, skill);
    const [plainLow, plainHigh] = wilsonInterval(positive, one.runs);
    if (low <= one.failureRate && one.failureRate <= high) covered++;
    if (plainLow <= one.failureRate && one.failureRate <= plainHigh) naive++;
    width += high - low;
  }
  return {
    ...one,
    simulations: SIMULATIONS,
    coverage: covered / SIMULATIONS,
    width: width / SIMULATIONS,
    uncorrectedCoverage: naive / SIMULATIONS,
  };
}

/** Scores of failures and passes overlap; the promise is at most 10% of failures missed. */
function thresholds(random: RandomSource, failures: number, method: "exact" | "conformal") {
  const failingScore = (): number => random() ** 2;
  let [broken, missed, alarms] = [0, 0, 0];
  for (let run = 0; run < SIMULATIONS; run++) {
    const labelled: Labelled[] = [
      ...Array.from({ length: failures }, () => ({ score: failingScore(), failed: true })),
      ...Array.from({ length: failures }, () => ({ score: 1 - random() ** 2, failed: false })),
    ];
    const chosen = chooseThreshold(labelled, { method, maxMissed: 0.1 });
    // P(score >= t) of a squared uniform, so the true share needs no sampling.
    const share = 1 - Math.sqrt(Math.min(1, Math.max(0, chosen.threshold)));
    if (share > 0.1) broken++;
    missed += share;
    alarms += chosen.falseAlarms / chosen.passes;
  }
  return {
    method,
    failures,
    simulations: SIMULATIONS,
    promiseBroken: broken / SIMULATIONS,
    missed: missed / SIMULATIONS,
    falseAlarms: alarms / SIMULATIONS,
  };
}

const random = randomSource(2026);
const rates = DESIGNS.map((one) => coverage(random, one));
const overall = rates.reduce((sum, row) => sum + row.coverage, 0) / rates.length;
const marks = [40, 100, 400].flatMap((failures) =>
  (["exact", "conformal"] as const).map((method) => thresholds(random, failures, method)),
);

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ rates, overallCoverage: overall, thresholds: marks }));
} else {
  console.log(`95% interval of the corrected failure rate, ${SIMULATIONS} simulations each`);
  console.table(rates.map(({ simulations: _same, ...row }) => ({ ...row, width: row.width.toFixed(3) })));
  console.log(
    `overall ${(100 * overall).toFixed(2)}%\n\nThreshold that bounds missed failures by 10% (exact: with 95% confidence; conformal: on average)`,
  );
  console.table(
    marks.map(({ simulations: _same, ...row }) => ({
      ...row,
      missed: row.missed.toFixed(3),
      falseAlarms: row.falseAlarms.toFixed(3),
    })),
  );
}
