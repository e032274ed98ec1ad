import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { parseFilter } from "../../src/wire/filter.ts";
import { childWrite, rootWrite, START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exerciseStats(open: OpenStore): void {
  describe("statistics", () => {
    it("adds up spans and feedback exactly", async () => {
      await using store = await open({ now: START });
      const roots = Array.from({ length: 100 }, (_, index) =>
        rootWrite({
          startAt: START + index,
          endAt: START + index + 10 * (index + 1),
          ...(index % 10 === 0 ? { error: "Boom" } : {}),
        }),
      );
      const calls = roots.map((root) => childWrite(root, { kind: "llm", usage: { totalTokens: 3, cost: 0.5 } }));
      await store.spanIngest({ spans: [...roots, ...calls] });
      await store.feedbackWrite({
        feedback: [1, 2, 3, 6].map((score, index) => ({
          id: newId(),
          runId: roots[index]?.id ?? "",
          key: "quality",
          score,
          value: score > 2 ? "high" : "low",
        })),
      });
      const project = await store.projectGet({ name: "contract" });
      const projectIds = [project?.id ?? ""];
      expect(await store.spanStats({ projectIds, isRoot: true })).toMatchObject({
        count: 100,
        errors: 10,
        latencyMs: { p50: 500, p99: 990 },
        lastStartAt: START + 99,
        totalTokens: 0,
        cost: null,
        firstTokenMs: { p50: null, p99: null },
      });
      expect(await store.spanStats({ projectIds })).toMatchObject({ count: 200, totalTokens: 300, cost: 50 });
      const filter = parseFilter('and(neq(error, null), gt(latency, "900ms"))', "filter");
      expect(await store.spanStats({ projectIds, filter })).toMatchObject({ count: 1, errors: 1 });
      const { quality } = await store.spanFeedbackStats({ projectIds, isRoot: true });
      expect(quality).toMatchObject({ n: 4, avg: 3, min: 1, max: 6, values: { high: 2, low: 2 } });
      expect(quality?.stdev).toBeCloseTo(Math.sqrt(14 / 3), 12);
      expect(await store.spanStats({ projectIds: [] })).toMatchObject({ count: 0, latencyMs: { p50: null } });
    });

    it("gathers threads, the last active first", async () => {
      await using store = await open({ now: START });
      const turn = (threadId: string, at: number): ReturnType<typeof rootWrite> =>
        rootWrite({ threadId, startAt: START + at, endAt: START + at + 100 });
      const roots = [turn("one", 0), turn("two", 1), turn("one", 2), rootWrite()];
      const calls = roots.map((root) => childWrite(root, { usage: { totalTokens: 5 } }));
      await store.spanIngest({ spans: [...roots, ...calls] });
      const project = await store.projectGet({ name: "contract" });
      const projectId = project?.id ?? "";
      const { rows, total } = await store.threadList({ projectId, limit: 10, offset: 0 });
      expect(total).toBe(2);
      expect(rows).toMatchObject([
        { threadId: "one", traces: 2, firstTraceId: roots[0]?.id, lastTraceId: roots[2]?.id, totalTokens: 10 },
        { threadId: "two", traces: 1, latencyMs: { p50: 100, p99: 100 }, totalTokens: 5 },
      ]);
      expect((await store.threadList({ projectId, limit: 1, offset: 1 })).rows.map((row) => row.threadId)).toEqual([
        "two",
      ]);
    });

    it("shares spans and threads by token, and takes it back", async () => {
      await using store = await open({ now: START });
      const root = rootWrite({ threadId: "one" });
      await store.spanIngest({ spans: [root] });
      const token = await store.spanShare({ id: root.id });
      expect(await store.spanShare({ id: root.id })).toBe(token);
      expect(await store.spanShare({ id: newId() })).toBeNull();
      const shared = { shareToken: token ?? "", order: "asc", limit: 1, payloads: [] } as const;
      expect((await store.spanQuery(shared)).rows.map((row) => row.id)).toEqual([root.id]);
      await store.spanUnshare({ id: root.id });
      expect((await store.spanQuery(shared)).rows).toEqual([]);
      const thread = { projectId: "p", threadId: "one" };
      const threadToken = await store.threadShare(thread);
      expect(await store.threadShare(thread)).toBe(threadToken);
      expect(await store.threadOfToken({ token: threadToken })).toEqual(thread);
      await store.threadUnshare(thread);
      expect(await store.threadShareGet(thread)).toBeNull();
    });
  });
}
