import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import type { FeedbackWrite, SpanWrite } from "../../src/model/span-write.ts";
import type { Store } from "../../src/store/store.ts";
import { parseFilter } from "../../src/wire/filter.ts";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

const USAGE = { promptTokens: 2, completionTokens: 1, totalTokens: 3, cost: 0.5 };

/** A root run of an experiment on an example, `latencyMs` long. */
function run(
  projectId: string,
  referenceExampleId: string,
  latencyMs: number,
  more: Partial<SpanWrite> = {},
): SpanWrite {
  const id = newId();
  return {
    op: "post",
    id,
    traceId: id,
    projectId,
    name: "target",
    kind: "chain",
    startAt: START,
    endAt: START + latencyMs,
    status: "success",
    dottedOrder: `20260101T000000000000Z${id}`,
    referenceExampleId,
    ...more,
  };
}

function score(
  runId: string | null,
  projectId: string,
  key: string,
  value: number | null,
  more: object = {},
): FeedbackWrite {
  return { id: newId(), runId, projectId, key, score: value, ...more };
}

async function experiment(store: Store, datasetId: string, name: string): Promise<string> {
  return (await store.projectCreate({ name, referenceDatasetId: datasetId })).id;
}

export function exerciseExperiments(open: OpenStore): void {
  describe("experiments", () => {
    it("sums up a project's runs and feedback", async () => {
      await using store = await open({ now: START });
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const { ids } = await store.exampleWrite({ datasetId, examples: Array.from({ length: 100 }, () => ({})) });
      const projectId = await experiment(store, datasetId, "one");
      const other = await experiment(store, datasetId, "other");
      const spans = ids.map((id, index) =>
        run(projectId, id, index + 1, {
          usage: USAGE,
          ...(index < 10 ? { status: "error", error: "broke" } : {}),
          ...(index < 4 ? { firstTokenAt: START + (index + 1) * 10 } : {}),
        }),
      );
      const first = spans[0]?.id ?? "";
      const second = spans[1]?.id ?? "";
      const child = { ...run(projectId, "", 5, { usage: USAGE }), parentId: first, traceId: first };
      delete child.referenceExampleId;
      await store.spanIngest({ spans: [...spans, child] });
      const early: FeedbackWrite = { id: newId(), runId: second, key: "right", score: 0, projectId: null };
      await store.feedbackWrite({
        feedback: [
          score(first, projectId, "right", 1),
          early,
          score(first, projectId, "label", null, { value: "good" }),
          score(first, projectId, "preferred", 1, { comparativeExperimentId: newId() }),
          score(null, projectId, "f1", 0.25),
          score(null, other, "f1", 1),
        ],
      });
      const projectIds = [projectId];
      expect(await store.spanStats({ projectIds, isRoot: true })).toMatchObject({
        count: 100,
        errors: 10,
        streamed: 4,
        latencyMs: { p50: 50, p99: 99 },
        firstTokenMs: { p50: 20, p99: 40 },
        lastStartAt: START,
      });
      const usage = { promptTokens: 202, completionTokens: 101, totalTokens: 303, cost: 50.5 };
      expect(await store.projectUsage({ projectId })).toEqual(usage);
      expect(await store.projectUsage({ projectId: other })).toMatchObject({ totalTokens: 0, cost: null });
      const feedback = await store.spanFeedbackStats({ projectIds });
      expect(Object.keys(feedback)).toEqual(["label", "right"]);
      expect(feedback).toMatchObject({
        right: { n: 2, avg: 0.5, values: {} },
        label: { n: 1, avg: null, values: { good: 1 } },
      });
      expect(await store.projectFeedbackStats({ projectId })).toMatchObject({ f1: { n: 1, avg: 0.25 } });
    });

    it("lists the examples that were run, filtered and sorted, deleted ones too", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const ids: string[] = [];
      for (let n = 0; n < 4; n += 1) {
        clock.now += 1000;
        ids.push(...(await store.exampleWrite({ datasetId, examples: [{ inputs: { n } }] })).ids);
      }
      const [a = "", b = "", c = ""] = ids;
      const one = await experiment(store, datasetId, "one");
      const two = await experiment(store, datasetId, "two");
      const runs = [run(one, a, 1), run(one, b, 2000), run(one, c, 1), run(two, a, 5)];
      const parent = runs[0]?.id ?? "";
      // Only roots are runs of an example, whatever their children say.
      const child = run(one, ids[3] ?? "", 1, { parentId: parent, traceId: parent });
      await store.spanIngest({ spans: [...runs, child] });
      await store.feedbackWrite({
        feedback: [score(runs[0]?.id ?? "", one, "right", 0.2), score(runs[2]?.id ?? "", one, "right", 0.9)],
      });
      const list = async (projectIds: string[], more: object = {}): Promise<unknown[]> =>
        (await store.experimentExampleList({ datasetId, projectIds, limit: 10, offset: 0, ...more })).map(
          ({ inputs }) => inputs["n"],
        );
      expect(await list([one])).toEqual([2, 1, 0]);
      expect(await list([two])).toEqual([0]);
      expect(await list([one], { limit: 1, offset: 1 })).toEqual([1]);
      expect(await list([one], { exampleIds: [a, ids[3]] })).toEqual([0]);
      expect(await list([one], { sort: { key: "right", order: "asc" } })).toEqual([0, 2, 1]);
      expect(await list([one], { sort: { key: "right", order: "desc" } })).toEqual([2, 0, 1]);
      const filters = new Map([[one, [parseFilter('gt(latency, "1s")')]]]);
      expect(await list([one], { filters })).toEqual([1]);
      await store.exampleWrite({ datasetId, examples: [{ id: b, inputs: { n: "changed" } }] });
      await store.exampleDelete({ ids: [b] });
      expect(await list([one])).toEqual([2, "changed", 0]);
      await store.exampleDelete({ ids: [b], hard: true });
      expect(await list([one])).toEqual([2, 0]);
    });

    it("keeps comparisons with what was given in them", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const one = await experiment(store, datasetId, "one");
      const two = await experiment(store, datasetId, "two");
      const created = await store.comparativeCreate({
        name: "one vs. two",
        datasetId,
        projectIds: [one, two],
        extra: { metadata: { k: 1 } },
      });
      expect(created.projects).toEqual([
        { id: one, name: "one" },
        { id: two, name: "two" },
      ]);
      const again = store.comparativeCreate({ id: created.id, name: "x", datasetId, projectIds: [] });
      await expect(again).rejects.toMatchObject({ code: "conflict" });
      const given = { comparativeExperimentId: created.id };
      await store.feedbackWrite({
        feedback: [
          score(newId(), one, "preferred", 1, given),
          score(newId(), two, "preferred", 0, given),
          score(newId(), two, "preferred", 1, given),
        ],
      });
      const stats = await store.comparativeStats({ ids: [created.id] });
      expect(stats.get(created.id)?.get(two)).toMatchObject({ preferred: { n: 2, avg: 0.5, values: {} } });
      await store.projectDelete({ id: two });
      clock.now += 1000;
      await store.comparativeCreate({ name: "B", datasetId, projectIds: [one] });
      const list = await store.comparativeList({ datasetId, limit: 10, offset: 0 });
      expect(list.map(({ name }) => name)).toEqual(["B", "one vs. two"]);
      expect(list[1]?.projects[1]).toEqual({ id: two, name: null });
      expect(await store.comparativeList({ datasetId, nameContains: "VS", limit: 10, offset: 0 })).toHaveLength(1);
      expect(await store.comparativeDelete({ id: created.id })).toBe(true);
      expect(await store.comparativeDelete({ id: created.id })).toBe(false);
      expect((await store.comparativeStats({ ids: [created.id] })).get(created.id)?.size).toBe(0);
      await store.datasetDelete({ id: datasetId });
      expect(await store.comparativeList({ datasetId, limit: 10, offset: 0 })).toEqual([]);
    });
  });
}
