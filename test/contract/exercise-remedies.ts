import { describe, expect, it } from "vitest";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exerciseRemedies(open: OpenStore): void {
  describe("remedies", () => {
    it("takes a state only on top of the one it was made from", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const put = (id: string, expectedVersion: number, stage: string, loopId = "loop"): Promise<boolean> =>
        store.remedyPut({ id, loopId, expectedVersion, state: { stage } });
      expect(await store.remedyGet({ id: "a" })).toBeNull();
      expect(await put("a", 1, "too early")).toBe(false);
      expect(await put("a", 0, "collecting")).toBe(true);
      expect(await put("a", 0, "again")).toBe(false);
      clock.now += 1000;
      expect(await put("b", 0, "collecting", "other")).toBe(true);
      clock.now += 1000;
      const both = await Promise.all([put("a", 1, "one"), put("a", 1, "two")]);
      expect(both.filter(Boolean)).toHaveLength(1);
      expect(await store.remedyGet({ id: "a" })).toMatchObject({ loopId: "loop", version: 2, changedAt: clock.now });
      expect((await store.remedyList({})).map(({ id }) => id)).toEqual(["a", "b"]);
      expect((await store.remedyList({ loopId: "other" })).map(({ id }) => id)).toEqual(["b"]);
    });

    it("lets one worker at a time work on a remedy, and another when the first is gone", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const lease = (token: string): Promise<boolean> => store.remedyLease({ id: "a", token, leaseMs: 30_000 });
      expect(await lease("one")).toBe(true);
      expect(await lease("two")).toBe(false);
      clock.now += 20_000;
      expect(await lease("one")).toBe(true);
      clock.now += 20_000;
      expect(await lease("two"), "it was prolonged").toBe(false);
      clock.now += 10_000;
      expect(await lease("two")).toBe(true);
      await store.remedyRelease({ id: "a", token: "one" });
      expect(await lease("one"), "released by one who no longer had it").toBe(false);
      await store.remedyRelease({ id: "a", token: "two" });
      expect(await lease("one")).toBe(true);
    });

    it("remembers paid calls, and keeps what never came back on the bill", async () => {
      await using store = await open({ now: START });
      const call = { remedyId: "a", key: "k" };
      expect(await store.remedyCallGet(call)).toBeNull();
      expect(await store.remedyCallTotals({ remedyId: "a" })).toEqual({ usd: 0, open: 0 });
      await store.remedyCallReserve({ ...call, maxUsd: 0.5 });
      expect(await store.remedyCallGet(call)).toEqual({ result: null, usd: 0 });
      expect(await store.remedyCallTotals({ remedyId: "a" })).toEqual({ usd: 0.5, open: 1 });
      await store.remedyCallReserve({ ...call, maxUsd: 0.25 });
      expect(await store.remedyCallTotals({ remedyId: "a" })).toEqual({ usd: 0.75, open: 1 });
      await store.remedyCallSettle({ ...call, result: { answer: "yes\nno" }, usd: 0.125 });
      expect(await store.remedyCallGet(call)).toEqual({ result: { answer: "yes\nno" }, usd: 0.625 });
      await store.remedyCallSettle({ remedyId: "a", key: "free", result: {}, usd: 0 });
      expect(await store.remedyCallTotals({ remedyId: "a" })).toEqual({ usd: 0.625, open: 0 });
      expect(await store.remedyCallTotals({ remedyId: "b" })).toEqual({ usd: 0, open: 0 });
    });
  });
}
