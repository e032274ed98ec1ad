import { canonicalJson } from "../internal/canonical-json.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { createCandidateGate } from "./candidate-gate.ts";
import type { CandidateGate } from "./candidate-gate.ts";
import type { Arm } from "./experiment.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import type { ExperimentOptions } from "./experiment-options.ts";
import type { GateOptions } from "./gate-options.ts";
import { CONTROLS } from "./gate-slices.ts";
import type { RemedyExample } from "./remedy-example.ts";

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
export async function openArms<C>(options: ExperimentOptions<C>, journal: ExperimentJournal): Promise<OpenArm<C>[]> {
  const { name, dataset, baseline, candidates, platform, examples, gate = {} } = options;
  const arms = [baseline, ...candidates];
  const keys = arms.map((arm) => stableId("arm", canonicalJson(arm.config)));
  if (new Set(keys).size < arms.length || new Set(arms.map((arm) => arm.name)).size < arms.length) {
    throw new LoopsmithError("invalid", `Two arms of the experiment "${name}" have the same name or configuration.`, {
      hint: "Give every candidate a name and a configuration of its own, different from the baseline's.",
    });
  }
  const plan = gate === false ? null : await planOf(name, examples, candidates.length, gate, journal);
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
      gate: plan && role === "candidate" ? createCandidateGate(plan) : null,
      runs: 0,
      judged: 0,
      passed: 0,
    });
  }
  return opened;
}

/**
 * The gate's options with the plan filled in. The journal keeps the first plan: one that followed the results, because
 * the dataset grew while the experiment was interrupted, would not be a plan.
 */
async function planOf(
  name: string,
  examples: readonly RemedyExample[],
  candidates: number,
  gate: GateOptions,
  journal: ExperimentJournal,
): Promise<GateOptions> {
  const key = stableId("plan", name);
  const entry = await journal.get(key);
  const plan =
    entry?.state === "settled" ? (entry.result as unknown as ReturnType<typeof countPlan>) : countPlan(examples);
  if (!entry) await journal.settle(key, { planned: plan.planned, slices: plan.slices }, 0);
  return { candidates, planned: plan.planned, ...gate, slices: { planned: plan.slices, ...gate.slices } };
}

function countPlan(examples: readonly RemedyExample[]): { planned: number; slices: Record<string, number> } {
  const slices: Record<string, number> = {};
  for (const { control, slices: names } of examples) {
    for (const name of new Set([...names, ...(control ? [CONTROLS] : [])])) slices[name] = (slices[name] ?? 0) + 1;
  }
  return { planned: Math.max(1, examples.filter((example) => !example.control).length), slices };
}
