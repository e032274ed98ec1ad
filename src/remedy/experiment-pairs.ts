import { hashShare } from "../internal/hash-share.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Threshold } from "../model/score.ts";
import type { ExperimentHead, ExperimentPlatform, ExperimentResult } from "./experiment-platform.ts";
import type { GatePair } from "./gate-pair.ts";
import { pairOf } from "./pair-of.ts";
import { fromPlatformExample } from "./remedy-example.ts";
import type { RemedyExample } from "./remedy-example.ts";
import { passOf } from "./run-example.ts";
import type { ArmRun } from "./run-example.ts";

/** What reading finished experiments needs of a platform. */
export type FinishedExperiments = Pick<ExperimentPlatform, "experimentFind" | "exampleList" | "resultList">;

export interface ExperimentPairs {
  experiment: ExperimentHead;
  baseline: ExperimentHead;
  /** In the order of the examples' hashes. */
  pairs: GatePair[];
  /** Target examples of the dataset: the plan of a gate over finished experiments. */
  planned: number;
}

/**
 * Pairs two finished experiments of the platform by example, whoever ran them, for `loopsmith gate`. Examples that only
 * one of them ran count as not judged.
 * @throws LoopsmithError `not_found` for an unknown experiment; `invalid` when they are of different datasets or the same one, or
 * when the threshold names a key that no run was scored under
 */
export async function readExperimentPairs(
  platform: FinishedExperiments,
  names: { experiment: string; baseline: string },
  threshold: Threshold,
): Promise<ExperimentPairs> {
  const experiment = await headOf(platform, names.experiment);
  const baseline = await headOf(platform, names.baseline);
  if (experiment.id === baseline.id) {
    throw new LoopsmithError("invalid", `"${experiment.name}" would be compared with itself.`, {
      hint: "Name another experiment as the baseline.",
    });
  }
  const { datasetId } = experiment;
  if (datasetId === null || datasetId !== baseline.datasetId) {
    throw new LoopsmithError("invalid", `"${experiment.name}" and "${baseline.name}" are not of the same dataset.`, {
      hint: "Run both experiments on one dataset, or name another baseline.",
    });
  }
  const [ownResults = [], baseResults = []] = await Promise.all(
    [experiment, baseline].map(({ id }) => platform.resultList({ experimentId: id })),
  );
  assertScored([...ownResults, ...baseResults], threshold);
  const own = runsByExample(ownResults, threshold);
  const base = runsByExample(baseResults, threshold);
  const ran = new Set([...own.keys(), ...base.keys()]);
  const examples = (await platform.exampleList({ datasetId })).filter((example) => ran.has(example.id));
  const place = new Map(examples.map((example) => [example.id, hashShare(`order ${datasetId}`, example.id)]));
  examples.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  const pairs = examples.map((example) => {
    const known = fromPlatformExample(example) ?? foreignExample(example.id);
    return pairOf(known, base.get(example.id) ?? [], own.get(example.id) ?? []);
  });
  return { experiment, baseline, pairs, planned: Math.max(1, pairs.filter((pair) => !pair.control).length) };
}

async function headOf(platform: FinishedExperiments, nameOrId: string): Promise<ExperimentHead> {
  const found = await platform.experimentFind({ nameOrId });
  if (found) return found;
  throw new LoopsmithError("not_found", `There is no experiment "${nameOrId}".`, {
    hint: "Give its name or id as the platform shows it.",
  });
}

/** A key that nothing was scored under would leave every pair undecided. */
function assertScored(results: readonly ExperimentResult[], threshold: Threshold): void {
  if (typeof threshold === "number" || results.length === 0) return;
  const scored = new Set(results.flatMap(({ scores }) => scores.map(({ key }) => key)));
  const unknown = Object.keys(threshold).filter((key) => !scored.has(key));
  if (unknown.length === 0) return;
  throw new LoopsmithError("invalid", `no run was scored under ${unknown.map((key) => `"${key}"`).join(", ")}.`, {
    hint: `The keys of the scores are: ${[...scored].sort().join(", ") || "none"}.`,
    details: { option: "threshold" },
  });
}

function runsByExample(results: readonly ExperimentResult[], threshold: Threshold): Map<string, ArmRun[]> {
  const runs = new Map<string, ArmRun[]>();
  for (const result of results) {
    const run: ArmRun = { result, ...passOf(result, { threshold }, false) };
    runs.set(result.exampleId, [...(runs.get(result.exampleId) ?? []), run]);
  }
  return runs;
}

/** An example of a dataset that no remedy made: a target without slices. */
function foreignExample(id: string): RemedyExample {
  return { id, inputs: {}, split: "held_out", control: false, slices: [], sourceTraceId: "", sourceRunId: "" };
}
