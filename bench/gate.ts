/**
 * Simulates the gate. `node --import ./scripts/ts.mjs bench/gate.ts [--json] [--quick]`
 *
 * Every experiment is run pair by pair with a look after each one, and stopped as soon as the gate has evidence.
 */
import { randomSource } from "../src/internal/random.ts";
import type { RandomSource } from "../src/internal/random.ts";
import { mcnemar } from "../src/internal/statistics/mcnemar.ts";
import { createGate } from "../src/remedy/gate.ts";
import type { GateOptions } from "../src/remedy/gate-options.ts";
import type { GatePair } from "../src/remedy/gate-pair.ts";

const PAIRS = 200;
const EXPERIMENTS = process.argv.includes("--quick") ? 200 : 2000;

/** How often the candidate alone and the baseline alone pass an example. */
interface Rates {
  name: string;
  win: number;
  loss: number;
}

const nulls: Rates[] = [
  { name: "equal, 60% pass, outcomes independent", win: 0.24, loss: 0.24 },
  { name: "equal, 30% of pairs differ", win: 0.15, loss: 0.15 },
  { name: "equal, 10% of pairs differ", win: 0.05, loss: 0.05 },
];
const improvements: Rates[] = [
  { name: "60% to 75%, outcomes independent (45% of pairs differ)", win: 0.3, loss: 0.15 },
  { name: "+15 points, 35% of pairs differ", win: 0.25, loss: 0.1 },
  { name: "+15 points, 25% of pairs differ", win: 0.2, loss: 0.05 },
];

function draw(random: RandomSource, { win, loss }: Omit<Rates, "name">, rest: Partial<GatePair> = {}): GatePair {
  const u = random();
  return {
    exampleId: "simulated",
    baseline: { pass: u >= win && u < win + loss + (1 - win - loss) / 2 },
    candidate: { pass: u < win || (u >= win + loss && u < win + loss + (1 - win - loss) / 2) },
    ...rest,
  };
}

/** Runs one experiment to its end or its evidence. */
function run(
  options: GateOptions,
  next: (index: number) => GatePair,
  pairs: number,
): { outcome: string; used: number } {
  const gate = createGate(options);
  for (let index = 0; index < pairs; index += 1) {
    gate.observe(next(index));
    if (gate.evidence) return { outcome: gate.evidence, used: index + 1 };
  }
  return { outcome: "INCONCLUSIVE", used: pairs };
}

function superiority(rates: Rates, seed: number): Record<string, number | string> {
  const random = randomSource(seed);
  let [passed, failed, used, fixed, fixedTwoSided] = [0, 0, 0, 0, 0];
  for (let experiment = 0; experiment < EXPERIMENTS; experiment += 1) {
    const pairs = Array.from({ length: PAIRS }, () => draw(random, rates));
    const { outcome, used: pairsUsed } = run({ planned: PAIRS }, (index) => pairs[index] ?? draw(random, rates), PAIRS);
    if (outcome === "PASS") passed += 1;
    if (outcome === "FAIL") failed += 1;
    used += pairsUsed;
    const wins = pairs.filter((pair) => pair.candidate.pass && !pair.baseline.pass).length;
    const losses = pairs.filter((pair) => !pair.candidate.pass && pair.baseline.pass).length;
    const test = mcnemar(wins, losses);
    if (test.pGreater <= 0.05) fixed += 1;
    if (test.p <= 0.05 && wins > losses) fixedTwoSided += 1;
  }
  const share = (count: number): number => round(count / EXPERIMENTS);
  return {
    name: rates.name,
    passed: share(passed),
    failed: share(failed),
    mcnemarOneSided: share(fixed),
    mcnemarTwoSided: share(fixedTwoSided),
    savedShare: round(1 - used / EXPERIMENTS / PAIRS),
  };
}

/** The target improves by 15 points while one of two slices loses `harm` points and the other nothing. */
function withSlices(harm: number, slicePairs: number, seed: number): { caught: number; failed: number; used: number } {
  const random = randomSource(seed);
  const total = PAIRS + 2 * slicePairs;
  const target = improvements[1] ?? { win: 0.25, loss: 0.1 };
  let [passed, failed, used] = [0, 0, 0];
  for (let experiment = 0; experiment < EXPERIMENTS; experiment += 1) {
    const left = [PAIRS, slicePairs, slicePairs];
    const next = (): GatePair => {
      // Drawn in random order, as the hashes of examples are.
      let pick = random() * left.reduce((sum, count) => sum + count, 0);
      const which = left.findIndex((count) => (pick -= count) < 0);
      left[which] = (left[which] ?? 0) - 1;
      if (which <= 0) return draw(random, target);
      const loss = which === 1 ? harm : 0;
      return draw(random, { win: 0.05, loss: 0.05 + loss }, { control: true, slices: [`slice ${which}`] });
    };
    const names = ["slice 1", "slice 2"];
    const planned = { "slice 1": slicePairs, "slice 2": slicePairs };
    const result = run({ planned: PAIRS, slices: { names, planned, margin: 0.1 } }, next, total);
    if (result.outcome === "PASS") passed += 1;
    if (result.outcome === "FAIL") failed += 1;
    used += result.used;
  }
  return {
    caught: round(1 - passed / EXPERIMENTS),
    failed: round(failed / EXPERIMENTS),
    used: round(used / EXPERIMENTS / total),
  };
}

/** A candidate that is truly equal, judged by a judge that passes 0.9 of passes and fails 0.85 of failures and likes its style by `drift`. */
function withJudge(drift: number, allowed: number, seed: number): number {
  const random = randomSource(seed);
  const judged = (good: boolean, bonus: number): boolean => random() < (good ? 0.9 : 0.15) + bonus;
  let passed = 0;
  for (let experiment = 0; experiment < EXPERIMENTS; experiment += 1) {
    const agreed = (of: number, rate: number): { agreed: number; of: number } => {
      let count = 0;
      for (let index = 0; index < of; index += 1) if (random() < rate) count += 1;
      return { agreed: count, of };
    };
    const judge = { passing: agreed(200, 0.9), failing: agreed(200, 0.85), drift: allowed };
    const next = (): GatePair => {
      const good = random() < 0.6;
      return { exampleId: "simulated", baseline: { pass: judged(good, 0) }, candidate: { pass: judged(good, drift) } };
    };
    if (run({ planned: PAIRS, judge }, next, PAIRS).outcome === "PASS") passed += 1;
  }
  return round(passed / EXPERIMENTS);
}

/** Of the experiments that ended inconclusive at a true +10 points, how many pass with the examples they asked for. */
function moreExamplesEnough(seed: number): { asked: number; median: number; passedThen: number } {
  const random = randomSource(seed);
  const rates = { win: 0.2, loss: 0.1 };
  const wanted: number[] = [];
  let passed = 0;
  for (let experiment = 0; experiment < EXPERIMENTS / 4; experiment += 1) {
    const gate = createGate({ planned: 100 });
    for (let index = 0; index < 100; index += 1) gate.observe(draw(random, rates));
    const { verdict, moreExamples } = gate.verdict();
    if (verdict !== "INCONCLUSIVE" || moreExamples === null) continue;
    wanted.push(moreExamples);
    for (let index = 0; index < moreExamples && !gate.evidence; index += 1) gate.observe(draw(random, rates));
    if (gate.evidence === "PASS") passed += 1;
  }
  wanted.sort((a, b) => a - b);
  return {
    asked: wanted.length,
    median: wanted[Math.floor(wanted.length / 2)] ?? 0,
    passedThen: round(passed / Math.max(1, wanted.length)),
  };
}

function unharmed({ caught }: { caught: number }): number {
  return round(1 - caught);
}

function round(value: number): number {
  return Number(value.toFixed(4));
}

const startedAt = performance.now();
const nullRuns = nulls.map((rates, index) => superiority(rates, 100 + index));
const improvementRuns = improvements.map((rates, index) => superiority(rates, 200 + index));
const slices = {
  unharmed80: withSlices(0, 80, 300),
  unharmed150: withSlices(0, 150, 301),
  unharmed300: withSlices(0, 300, 302),
  harmedByMargin80: withSlices(0.1, 80, 303),
  harmedByMargin150: withSlices(0.1, 150, 304),
  harmedByTwiceMargin80: withSlices(0.2, 80, 305),
};
const judge = {
  falsePass: withJudge(0, 0, 400),
  falsePassWithDriftAllowed: withJudge(0.05, 0.05, 401),
  falsePassWithDriftIgnored: withJudge(0.05, 0, 402),
};
const hardest = improvementRuns[0] ?? {};
const result = {
  falsePass: Math.max(...nullRuns.map((run) => Number(run["passed"]))),
  power: Number(hardest["passed"]),
  powerOfMcNemar: Number(hardest["mcnemarOneSided"]),
  relativePower: round(Number(hardest["passed"]) / Number(hardest["mcnemarOneSided"])),
  savedShare: Number(hardest["savedShare"]),
  nonInferiorityCaught: Math.min(
    slices.harmedByMargin80.caught,
    slices.harmedByMargin150.caught,
    slices.harmedByTwiceMargin80.caught,
  ),
  passWithUnharmedSlices: {
    80: unharmed(slices.unharmed80),
    150: unharmed(slices.unharmed150),
    300: unharmed(slices.unharmed300),
  },
  experiments: EXPERIMENTS,
  pairs: PAIRS,
  nulls: nullRuns,
  improvements: improvementRuns,
  slices,
  judge,
  moreExamples: moreExamplesEnough(500),
  seconds: round((performance.now() - startedAt) / 1000),
};

if (process.argv.includes("--json")) console.log(JSON.stringify(result));
else console.log(JSON.stringify(result, null, 2));
