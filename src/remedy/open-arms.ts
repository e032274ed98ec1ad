import { canonicalJson } from "../internal/canonical-json.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { createCandidateGate } from "./candidate-gate.ts";
import type { CandidateGate } from "./candidate-gate.ts";
import type { Arm } from "./experiment.ts";
import type { ExperimentOptions } from "./experiment-options.ts";
import type { ExperimentPlan } from "./experiment-plan.ts";

/** An arm with its experiment on the platform, its gate and its tally. */
export interface OpenArm<C> {
  arm: Arm<C>;
  /** Of the configuration: the same configuration has the same key under any name. */
  key: string;
  experimentId: string;
  experimentName: string;
  /** `null` for the baseline, and where no gate was asked for. */
  gate: CandidateGate | null;
  runs: number;
  judged: number;
  passed: number;
}

/** Opens an experiment on the platform for every arm, the baseline first. */
export async function openArms<C>(options: ExperimentOptions<C>, plan: ExperimentPlan): Promise<OpenArm<C>[]> {
  const { name, dataset, baseline, candidates, platform, gate = {} } = options;
  const arms = [baseline, ...candidates];
  const keys = arms.map((arm) => stableId("arm", canonicalJson(arm.config)));
  if (new Set(keys).size < arms.length || new Set(arms.map((arm) => arm.name)).size < arms.length) {
    throw new LoopsmithError("invalid", `Two arms of the experiment "${name}" have the same name or configuration.`, {
      hint: "Give every candidate a name and a configuration of its own, different from the baseline's.",
    });
  }
  const { planned } = plan;
  const asked = gate && {
    candidates: plan.candidates,
    planned,
    ...gate,
    slices: { planned: plan.slices, ...gate.slices },
  };
  const opened: OpenArm<C>[] = [];
  for (const [index, arm] of arms.entries()) {
    const role = index === 0 ? "baseline" : "candidate";
    const experimentName = `${name}: ${arm.name}`;
    const { id } = await platform.experimentEnsure({
      id: stableId("experiment", experimentName, dataset.id),
      name: experimentName,
      description: `The ${role} "${arm.name}" of ${name}.`,
      datasetId: dataset.id,
      datasetVersion: dataset.version,
      metadata: { loopsmith: { experiment: name, arm: arm.name, role } },
    });
    opened.push({
      arm,
      key: keys[index] ?? "",
      experimentId: id,
      experimentName,
      gate: asked && role === "candidate" ? createCandidateGate(asked) : null,
      runs: 0,
      judged: 0,
      passed: 0,
    });
  }
  return opened;
}
