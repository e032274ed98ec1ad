import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exerciseQueues(open: OpenStore): void {
  describe("annotation queues", () => {
    it("creates a named queue once", async () => {
      await using store = await open({ now: START });
      const [a, b] = await Promise.all([store.queueEnsure({ name: "review" }), store.queueEnsure({ name: "review" })]);
      expect(a.id).toBe(b.id);
    });

    it("holds a run once and keeps the order", async () => {
      await using store = await open({ now: START });
      const queue = await store.queueEnsure({ name: "review" });
      const runs = [newId(), newId(), newId()];
      await store.queueItemAdd({ queueId: queue.id, items: runs.map((runId) => ({ runId, metadata: { runId } })) });
      await store.queueItemAdd({ queueId: queue.id, items: [{ runId: runs[0] as string, metadata: { again: true } }] });
      const items = await store.queueItemList({ queueId: queue.id, limit: 10, offset: 0 });
      expect(items.map((item) => item.runId)).toEqual(runs);
      expect(items[0]?.metadata).toEqual({ runId: runs[0] });
    });

    it("never lets a loop put back what a person took out", async () => {
      await using store = await open({ now: START });
      const queue = await store.queueEnsure({ name: "review" });
      const runId = newId();
      const [item] = await store.queueItemAdd({ queueId: queue.id, items: [{ runId }], unlessRemoved: true });
      expect(await store.queueItemRemove({ queueId: queue.id, ids: [item?.id ?? ""] })).toBe(1);
      expect(await store.queueItemAdd({ queueId: queue.id, items: [{ runId }], unlessRemoved: true })).toEqual([]);
      expect(await store.queueItemCount({ queueId: queue.id })).toBe(0);
      // A person may.
      await store.queueItemAdd({ queueId: queue.id, items: [{ runId }] });
      expect(await store.queueItemCount({ queueId: queue.id })).toBe(1);
    });
  });
}
