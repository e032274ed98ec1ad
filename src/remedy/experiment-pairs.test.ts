import { describe, expect, it } from "vitest";
import { createBudget } from "./budget.ts";
import { growDataset } from "./dataset-store.ts";
import { LOW_RELEVANCE } from "./dataset.fixture.ts";
import { readExperimentPairs } from "./experiment-pairs.ts";
import { gate } from "./gate.ts";
import { memoryJournal } from "./experiment-journal.ts";
import { aRemedy, BASELINE, someSources } from "./remedy.fixture.ts";
import { runExperiment } from "./run-experiment.ts";

describe("readExperimentPairs", () => {
  it("pairs two experiments of the platform, controls and all, for a gate over finished experiments", async () => {
    const { definition, deps } = aRemedy();
    const { platform } = deps;
    const dataset = await growDataset(platform, "nightly", LOW_RELEVANCE, someSources(100, 200));
    await runExperiment({
      name: "nightly",
      dataset,
      examples: dataset.examples,
      baseline: { name: "baseline", config: BASELINE },
      candidates: [{ name: "wider", config: { ...BASELINE, topK: 6 } }],
      trial: definition.trial,
      platform,
      journal: memoryJournal(),
      budget: createBudget(),
      gate: false,
      repetitions: 2,
    });
    const names = { experiment: "nightly: wider", baseline: "nightly: baseline" };
    const { pairs, planned } = await readExperimentPairs(platform, names, 0.5);
    expect(pairs).toHaveLength(200);
    expect(planned).toBe(100);
    expect(pairs.filter((pair) => pair.control)).toHaveLength(100);
    expect(gate(pairs, { planned })).toMatchObject({ verdict: "PASS", pairs: 100, controls: 100, missing: 0 });
    expect(pairs[0]?.baseline.costUsd).toBe(0.001);
    const again = await readExperimentPairs(platform, { experiment: names.baseline, baseline: names.experiment }, 0.5);
    expect(gate(again.pairs, { planned })).toMatchObject({ verdict: "FAIL" });
  });

  it("refuses what cannot be compared", async () => {
    const { platform } = aRemedy().deps;
    const ensure = async (name: string, datasetId: string): Promise<void> => {
      await platform.experimentEnsure({
        id: name,
        name,
        description: "",
        datasetId,
        datasetVersion: "1",
        metadata: {},
      });
    };
    await ensure("a", "one");
    await ensure("b", "two");
    await expect(readExperimentPairs(platform, { experiment: "a", baseline: "b" }, 0.5)).rejects.toMatchObject({
      code: "invalid",
    });
    await expect(readExperimentPairs(platform, { experiment: "a", baseline: "c" }, 0.5)).rejects.toMatchObject({
      code: "not_found",
    });
  });
});
