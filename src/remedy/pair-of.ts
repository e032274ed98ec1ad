import type { GateArm, GatePair } from "./gate-pair.ts";
import type { RemedyExample } from "./remedy-example.ts";
import type { ArmRun } from "./run-example.ts";

/** Repetitions become one arm of one pair: shares and means over those that were judged. */
export function pairOf(example: RemedyExample, baseline: readonly ArmRun[], candidate: readonly ArmRun[]): GatePair {
  const { id, control, slices } = example;
  return { exampleId: id, baseline: armOf(baseline), candidate: armOf(candidate), control, slices };
}

function armOf(runs: readonly ArmRun[]): GateArm {
  return {
    pass: mean(runs.map((run) => (run.pass === null ? null : Number(run.pass)))),
    score: mean(runs.map((run) => run.score)),
    costUsd: mean(runs.map((run) => run.result.costUsd)),
    latencyMs: mean(runs.map((run) => run.result.endAt - run.result.startAt)),
  };
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
