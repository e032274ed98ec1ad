import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import type { FollowedPattern } from "../../src/model/issue.ts";
import { LOOP } from "./exercise-ledger.ts";
import { rootWrite, START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

/** Enough for two writers to meet where they can. */
const ROUNDS = 20;
const rounds = Array.from({ length: ROUNDS }, (_, round) => round);

export function exerciseUpdates(open: OpenStore): void {
  describe("two updates at once", () => {
    it("leaves out of a queue what was taken out while it was reviewed", async () => {
      await using store = await open({ now: START });
      const { id: queueId } = await store.queueEnsure({ name: "review" });
      for (const round of rounds) {
        const [item] = await store.queueItemAdd({ queueId, items: [{ runId: newId() }] });
        const id = item?.id ?? "";
        const [, removed] = await Promise.all([
          store.queueItemUpdate({ queueId, id, lastReviewedAt: START + round }),
          store.queueItemRemove({ queueId, ids: [id] }),
        ]);
        expect(removed).toBe(1);
      }
      expect(await store.queueItemCount({ queueId })).toBe(0);
    });

    it("keeps what each of them set", async () => {
      await using store = await open({ now: START });
      const { id: queueId } = await store.queueEnsure({ name: "q" });
      const [item] = await store.queueItemAdd({ queueId, items: [{ runId: newId() }] });
      const itemId = item?.id ?? "";
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const { id: projectId } = await store.projectEnsure({ name: "p" });
      const root = rootWrite();
      await store.spanIngest({ spans: [root] });
      const feedbackId = newId();
      await store.feedbackWrite({ feedback: [{ id: feedbackId, runId: root.id, key: "k" }] });
      await store.promptCreate({ name: "a" });
      const config = { config: {}, lowerIsBetter: false, enforced: false };
      await store.feedbackConfigEnsure({ key: "k", ...config });
      const { id: evaluatorId } = await store.onlineEvaluatorCreate({ name: "e", body: {} });
      for (const round of rounds) {
        const [text, object] = [`text ${round}`, { round }];
        await Promise.all([
          store.queueUpdate({ id: queueId, description: text }),
          store.queueUpdate({ id: queueId, settings: object }),
          store.queueItemUpdate({ queueId, id: itemId, details: object }),
          store.queueItemUpdate({ queueId, id: itemId, lastReviewedAt: round }),
        ]);
        expect(await store.queueGet({ id: queueId })).toMatchObject({ name: "q", description: text, settings: object });
        expect(await store.queueItemGet({ id: itemId })).toMatchObject({ details: object, lastReviewedAt: round });
        await Promise.all([
          store.datasetUpdate({ id: datasetId, description: text }),
          store.datasetUpdate({ id: datasetId, metadata: object }),
          store.projectUpdate({ id: projectId, description: text }),
          store.projectUpdate({ id: projectId, extra: object }),
        ]);
        expect(await store.datasetGet({ id: datasetId })).toMatchObject({ description: text, metadata: object });
        expect(await store.projectGet({ id: projectId })).toMatchObject({ description: text, extra: object });
        await Promise.all([
          store.feedbackUpdate({ id: feedbackId, score: round }),
          store.feedbackUpdate({ id: feedbackId, comment: text }),
          store.promptUpdate({ name: "a", description: text }),
          store.promptCommitCreate({ name: "a", manifest: object }),
        ]);
        expect(await store.feedbackGet({ id: feedbackId })).toMatchObject({ score: round, comment: text });
        expect(await store.promptGet({ name: "a" })).toMatchObject({ description: text, commitCount: round + 1 });
        await Promise.all([
          store.feedbackConfigUpdate({ key: "k", config: object }),
          store.feedbackConfigUpdate({ key: "k", lowerIsBetter: round % 2 === 0 }),
          store.onlineEvaluatorUpdate({ id: evaluatorId, name: text }),
          store.onlineEvaluatorUpdate({ id: evaluatorId, body: object }),
        ]);
        const [stored] = await store.feedbackConfigList({ limit: 1, offset: 0 });
        expect(stored).toMatchObject({ config: object, lowerIsBetter: round % 2 === 0 });
        expect(await store.onlineEvaluatorGet({ id: evaluatorId })).toMatchObject({ name: text, body: object });
      }
    });

    it("adds every tag of a span", async () => {
      await using store = await open({ now: START });
      const root = rootWrite({ tags: [] });
      await store.spanIngest({ spans: [root] });
      const tags = rounds.map((round) => `tag ${round}`);
      expect(await Promise.all(tags.map((tag) => store.spanTag({ id: root.id, tag })))).toEqual(tags.map(() => true));
      const [trace] = await store.traceRead({ traceIds: [root.id] });
      expect(new Set(trace?.root.tags)).toEqual(new Set(tags));
      expect(await store.spanTag({ id: newId(), tag: "a" })).toBe(false);
    });

    it("lets one of two who change the same issue win, and tells the other", async () => {
      await using store = await open({ now: START });
      const issue = (round: number, by: string): FollowedPattern =>
        ({ id: "i", state: "open", by, round }) as unknown as FollowedPattern;
      const learned = { loopId: LOOP, version: 0, state: {}, deliveries: [] };
      let before = issue(-1, "nobody");
      await store.learningRecord({ ...learned, issues: [before] });
      for (const round of rounds) {
        const change = (by: string): Promise<boolean> =>
          store.issueReplace({ loopId: LOOP, changes: [{ before, after: issue(round, by) }] });
        const won = await Promise.all([change("a"), change("b")]);
        expect(won.filter(Boolean)).toHaveLength(1);
        before = issue(round, won[0] ? "a" : "b");
        expect(await store.issueList({ loopId: LOOP })).toEqual([before]);
      }
    });

    it("says what an update made of a row, and changes nothing where nothing is given", async () => {
      await using store = await open({ now: START });
      const { id: queueId } = await store.queueEnsure({ name: "q" });
      const [item] = await store.queueItemAdd({ queueId, items: [{ runId: newId() }] });
      expect(await store.queueItemUpdate({ queueId, id: item?.id ?? "" })).toEqual(item);
      const reviewed = { queueId, id: item?.id ?? "", lastReviewedAt: START };
      expect(await store.queueItemUpdate(reviewed)).toMatchObject({ lastReviewedAt: START });
      expect(await store.queueItemUpdate({ ...reviewed, lastReviewedAt: null })).toEqual(item);
      const prompt = await store.promptCreate({ name: "a" });
      expect(await store.promptUpdate({ name: "a" })).toEqual(prompt);
      expect(await store.promptUpdate({ name: "other" })).toBeNull();
      const project = await store.projectEnsure({ name: "p" });
      expect(await store.projectUpdate({ id: project.id })).toEqual(project);
      expect(await store.projectUpdate({ id: project.id, description: null })).toEqual(project);
      expect(await store.queueUpdate({ id: newId(), name: "r" })).toBeNull();
      const root = rootWrite();
      await store.spanIngest({ spans: [root] });
      const tokens = await Promise.all(rounds.map(() => store.spanShare({ id: root.id })));
      expect(new Set(tokens).size).toBe(1);
      expect(await store.spanShare({ id: newId() })).toBeNull();
    });
  });
}
