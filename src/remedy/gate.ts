import { bootstrap } from "../internal/statistics/bootstrap.ts";
import { mcnemar } from "../internal/statistics/mcnemar.ts";
import { bettingInterval, createBettingTest } from "../internal/statistics/paired-betting.ts";
import { judgeLimits } from "./gate-limits.ts";
import { planGate } from "./gate-options.ts";
import type { GateOptions } from "./gate-options.ts";
import { measured, pairDifference } from "./gate-pair.ts";
import type { GatePair } from "./gate-pair.ts";
import { explain, gateReasons } from "./gate-reasons.ts";
import { CONTROLS, createSliceTests } from "./gate-slices.ts";
import { OUTCOMES_WORST_FIRST, withInterval } from "./gate-verdict.ts";
import type { GateOutcome, GateVerdict } from "./gate-verdict.ts";
import { judgedTruth } from "./judged-truth.ts";

/** A gate that takes pairs one by one and may be asked after each. */
export interface Gate {
  /**
   * The next pair, in an order that does not depend on results (the experiment runner uses the examples' hashes).
   * @throws LoopsmithError `invalid` for a result outside its range
   */
  observe(pair: GatePair): void;
  /** What the tests of quality have shown so far, without limits and missing pairs; `null` while open. Cheap. */
  readonly evidence: Exclude<GateOutcome, "INCONCLUSIVE"> | null;
  /** The whole verdict on the pairs so far. */
  verdict(): GateVerdict;
}

/**
 * Decides whether a candidate is better than the baseline on the examples of a pattern, and not worse elsewhere. Valid
 * however often it is asked: a candidate that is no better, or truly loses the margin on a slice, passes with
 * probability at most alpha over the whole life of the experiment.
 * @throws LoopsmithError `invalid` for options out of range
 */
export function createGate(options: GateOptions = {}): Gate {
  const plan = planGate(options);
  const { testAlpha: alpha, planned, skill, drift, minImprovement } = plan;
  const horizon = planned === undefined ? {} : { planned };
  // True differences shrink by the judge's skill and shift by its drift; each null takes the worst case for its claim.
  const improvedNull = minImprovement * skill.high + drift;
  const better = createBettingTest({ alpha, ...horizon, nullMean: improvedNull });
  const shortNull = drift - minImprovement * skill.low;
  const short = createBettingTest({ alpha, ...horizon, nullMean: shortNull });
  const slices = createSliceTests(plan);
  const pairs: GatePair[] = [];
  const targets: GatePair[] = [];
  const differences: number[] = [];
  let missing = 0;
  let decidedAt: number | null = null;

  const evidence = (): Gate["evidence"] => {
    if (short.peak >= 1 / alpha || slices.anyHarmed()) return "FAIL";
    return better.peak >= 1 / alpha && skill.low > 0 && slices.allHeld() ? "PASS" : null;
  };

  return {
    observe(pair) {
      const difference = pairDifference(pair, plan.measure);
      if (difference === null) {
        missing += 1;
        return;
      }
      pairs.push(pair);
      if (!pair.control) {
        targets.push(pair);
        differences.push(difference);
        better.observe(difference);
        short.observe(-difference);
        if (better.peak >= 1 / alpha) decidedAt ??= differences.length;
      }
      slices.observe([...(pair.slices ?? []), ...(pair.control ? [CONTROLS] : [])], difference);
    },
    get evidence() {
      return evidence();
    },
    verdict() {
      const wins = differences.filter((difference) => difference > 0).length;
      const losses = differences.filter((difference) => difference < 0).length;
      const { p, pGreater } = mcnemar(wins, losses);
      const mean = (arm: "baseline" | "candidate"): number =>
        average(targets.map((pair) => measured(pair[arm], plan.measure, pair.exampleId) ?? 0));
      const numbers: Omit<GateVerdict, "verdict" | "explanation" | "reasons" | "moreExamples"> = {
        pairs: targets.length,
        wins,
        losses,
        ties: targets.length - wins - losses,
        controls: pairs.length - targets.length,
        missing,
        baseline: mean("baseline"),
        candidate: mean("candidate"),
        improvement: withInterval(
          average(differences),
          bettingInterval(differences, { alpha, ...horizon, lowNull: improvedNull, highNull: shortNull }),
        ),
        eValue: better.peak,
        bar: 1 / alpha,
        decidedAt,
        eValueAgainst: short.peak,
        pMcNemar: p,
        pMcNemarGreater: pGreater,
        scoreDifference: scoreDifference(targets, plan.seed),
        truth: plan.judge ? judgedTruth(targets, differences, plan) : null,
        slices: slices.verdicts(),
        limits: judgeLimits(pairs, plan.limits, plan.seed),
      };
      const { reasons, moreExamples } = gateReasons(numbers, plan, differences, better.eValue, improvedNull);
      const verdict = OUTCOMES_WORST_FIRST.find((outcome) => reasons.some((reason) => reason.outcome === outcome));
      return {
        ...numbers,
        verdict: verdict ?? "INCONCLUSIVE",
        explanation: explain(reasons),
        reasons,
        moreExamples,
      };
    },
  };
}

/**
 * The gate's verdict on a whole experiment. Give `planned` (the number of target examples the experiment set out with)
 * to keep the power of a fixed sample; left out, the test is open-ended, because a plan read off the results is none.
 * @throws LoopsmithError `invalid` for options or results out of range
 */
export function gate(pairs: readonly GatePair[], options: GateOptions = {}): GateVerdict {
  const sequential = createGate(options);
  for (const pair of pairs) sequential.observe(pair);
  return sequential.verdict();
}

function scoreDifference(targets: readonly GatePair[], seed: number): GateVerdict["scoreDifference"] {
  const scores = targets.flatMap(({ baseline, candidate }) =>
    typeof baseline.score === "number" && typeof candidate.score === "number" ? [candidate.score - baseline.score] : [],
  );
  if (scores.length === 0) return null;
  const mean = (cases: Uint32Array): number =>
    cases.reduce((sum, index) => sum + (scores[index] ?? 0), 0) / cases.length;
  return bootstrap(scores.length, mean, { seed });
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
