/**
 * Simulates the canary on live traffic. `node --import ./scripts/ts.mjs bench/canary.ts [--json] [--quick]`
 *
 * Beside it, a fixed-horizon test (half of the traffic, one one-sided z-test of two rates at the sample size that finds a
 * doubled failure rate with 90% power), looked at once and looked at after every 50 traces.
 */
import { randomSource } from "../src/internal/random.ts";
import { assignCanary, observeCanary, startCanary } from "../src/remedy/canary.ts";
import type { CanaryStatus } from "../src/remedy/canary.ts";
import type { CanaryOptions } from "../src/remedy/canary-options.ts";

const RUNS = process.argv.includes("--quick") ? 60 : 400;
const BASELINE = 0.1;
const OPTIONS: CanaryOptions = { maxTraces: 20_000 };

interface Summary {
  promoted: number;
  rolledBack: number;
  undecided: number;
  /** Traces of both arms until the end. */
  meanTraces: number;
  p90Traces: number;
  /** Traces the candidate served, and the failures it added over what the baseline would have had. */
  meanCandidateTraces: number;
  meanExtraFailures: number;
}

function simulate(candidateRate: number, seed: number, options = OPTIONS, runs = RUNS): Summary {
  const random = randomSource(seed);
  const ends: { status: CanaryStatus; traces: number; candidate: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    let state = startCanary(`run-${seed}-${run}`, 0, options);
    for (let trace = 0; state.status === "running"; trace += 1) {
      const unit = String(trace);
      const { arm, share } = assignCanary(state, unit);
      const failed = random() < (arm === "candidate" ? candidateRate : BASELINE);
      state = observeCanary(state, { unit, share, failed, at: trace }, options);
    }
    const { candidate, baseline } = state.traces;
    ends.push({ status: state.status, traces: candidate + baseline, candidate });
  }
  const share = (status: CanaryStatus): number => round(ends.filter((end) => end.status === status).length / runs);
  const sorted = ends.map((end) => end.traces).sort((a, b) => a - b);
  const meanCandidate = ends.reduce((sum, end) => sum + end.candidate, 0) / runs;
  return {
    promoted: share("promoted"),
    rolledBack: share("rolled_back"),
    undecided: share("undecided"),
    meanTraces: Math.round(sorted.reduce((sum, traces) => sum + traces, 0) / runs),
    p90Traces: sorted[Math.floor(runs * 0.9)] ?? 0,
    meanCandidateTraces: Math.round(meanCandidate),
    meanExtraFailures: round(meanCandidate * (candidateRate - BASELINE)),
  };
}

/** Sample size of each arm that finds a doubled rate with 90% power, one-sided at 5%. */
const PER_ARM = Math.ceil(
  ((1.6449 + 1.2816) ** 2 * (BASELINE * (1 - BASELINE) + 2 * BASELINE * (1 - 2 * BASELINE))) / BASELINE ** 2,
);

function fixedHorizon(
  candidateRate: number,
  seed: number,
): { traces: number; calledWorse: number; calledWorsePeeking: number } {
  const random = randomSource(seed);
  let [once, peeking] = [0, 0];
  for (let run = 0; run < RUNS * 5; run += 1) {
    let [candidate, baseline, everWorse] = [0, 0, false];
    for (let n = 1; n <= PER_ARM; n += 1) {
      if (random() < candidateRate) candidate += 1;
      if (random() < BASELINE) baseline += 1;
      if ((n % 25 === 0 || n === PER_ARM) && isWorse(candidate, baseline, n)) everWorse = true;
    }
    if (isWorse(candidate, baseline, PER_ARM)) once += 1;
    if (everWorse) peeking += 1;
  }
  return { traces: 2 * PER_ARM, calledWorse: round(once / RUNS / 5), calledWorsePeeking: round(peeking / RUNS / 5) };
}

function isWorse(candidate: number, baseline: number, n: number): boolean {
  const pooled = (candidate + baseline) / (2 * n);
  const deviation = Math.sqrt((2 * pooled * (1 - pooled)) / n);
  return deviation > 0 && (candidate - baseline) / n / deviation > 1.6449;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

const startedAt = performance.now();
const half: CanaryOptions = { ...OPTIONS, stages: [{ share: 0.5, traces: 0 }] };
const result = {
  baselineFailureRate: BASELINE,
  runs: RUNS,
  bad: simulate(2 * BASELINE, 1),
  good: simulate(BASELINE / 2, 2),
  equal: simulate(BASELINE, 3, OPTIONS, 3 * RUNS),
  slightlyWorse: simulate(1.3 * BASELINE, 4),
  atHalfTraffic: { bad: simulate(2 * BASELINE, 5, half), good: simulate(BASELINE / 2, 6, half) },
  fixedHorizon: { bad: fixedHorizon(2 * BASELINE, 7), equal: fixedHorizon(BASELINE, 8) },
  seconds: 0,
};
result.seconds = round((performance.now() - startedAt) / 1000);

console.log(process.argv.includes("--json") ? JSON.stringify(result) : JSON.stringify(result, null, 2));
