import { hashShare } from "../internal/hash-share.ts";
import { stableId } from "../model/id.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import { CONTROLS } from "./gate-slices.ts";
import type { RemedyExample } from "./remedy-example.ts";

/** What must not follow the results: how much was planned, and in what order. */
export interface ExperimentPlan {
  /** Target pairs. */
  planned: number;
  slices: Record<string, number>;
  /** Candidates that share the gate's alpha. */
  candidates: number;
  /** Ids of examples in the order they are run: those of the first start, then those each later start added. */
  order: string[];
}

/**
 * The plan an experiment set out with, from its journal. When the dataset has grown meanwhile, plan and order stay as
 * they were and the new examples come last: tests that may be looked at any time allow more data behind the old, but not
 * a second look at the old in another order, or under a plan that knows the results.
 */
export async function keepPlan(
  name: string,
  examples: readonly RemedyExample[],
  candidates: number,
  journal: ExperimentJournal,
): Promise<ExperimentPlan> {
  const key = stableId("plan", name);
  const entry = await journal.get(key);
  const kept = entry?.state === "settled" ? (entry.result as unknown as ExperimentPlan) : null;
  const known = new Set(kept?.order);
  const fresh = examples.filter((example) => !known.has(example.id)).map((example) => example.id);
  const place = new Map(fresh.map((id) => [id, hashShare(`order ${name}`, id)]));
  fresh.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
  const plan: ExperimentPlan = {
    ...(kept ?? { ...countPlan(examples), candidates }),
    order: [...(kept?.order ?? []), ...fresh],
  };
  if (!kept || fresh.length > 0) await journal.settle(key, { ...plan }, 0);
  return plan;
}

function countPlan(examples: readonly RemedyExample[]): Pick<ExperimentPlan, "planned" | "slices"> {
  const slices: Record<string, number> = {};
  for (const { control, slices: names } of examples) {
    for (const name of new Set([...names, ...(control ? [CONTROLS] : [])])) slices[name] = (slices[name] ?? 0) + 1;
  }
  return { planned: Math.max(1, examples.filter((example) => !example.control).length), slices };
}
