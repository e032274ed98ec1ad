import { describe, expect, it } from "vitest";
import { createDelivery, type Delivery } from "../../src/model/delivery.ts";
import { newId } from "../../src/model/id.ts";
import type { Store } from "../../src/store/store.ts";
import { deliveryOf, LOOP, verdictOf } from "./exercise-ledger.ts";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exerciseDeliveries(open: OpenStore): void {
  async function queueDelivery(store: Store): Promise<string> {
    const traceId = newId();
    const head = { traceId, startAt: START, rootEndAt: START, changedAt: START, dueAt: START };
    await store.ledgerEnrol({ loopId: LOOP, heads: [head] });
    const leaseToken = newId();
    await store.ledgerClaim({ loopId: LOOP, limit: 10, leaseMs: 1000, leaseToken });
    const delivery = deliveryOf(traceId);
    await store.verdictRecord({ records: [{ verdict: verdictOf(traceId), leaseToken, deliveries: [delivery] }] });
    return delivery.id;
  }
  const claim = { loopId: LOOP, limit: 10, leaseMs: 1000 };

  describe("deliveries", () => {
    it("hands out a due delivery once, and again when the lease ran out", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const id = await queueDelivery(store);
      expect(await store.deliveryClaim({ ...claim, leaseToken: newId() })).toMatchObject([{ id, attempts: 0 }]);
      expect(await store.deliveryClaim({ ...claim, leaseToken: newId() })).toEqual([]);
      clock.now += 1001;
      expect(await store.deliveryClaim({ ...claim, leaseToken: newId() })).toHaveLength(1);
    });

    it("retries, gives up visibly, and replays under the same id", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const id = await queueDelivery(store);
      const settle = async (state: "pending" | "dead" | "delivered", nextAttemptAt: number): Promise<void> => {
        const leaseToken = newId();
        expect(await store.deliveryClaim({ ...claim, leaseToken })).toHaveLength(1);
        const deliveredAt = state === "delivered" ? clock.now : null;
        const lastError = state === "delivered" ? null : "503";
        await store.deliverySettle({ results: [{ id, leaseToken, state, nextAttemptAt, lastError, deliveredAt }] });
      };
      await settle("pending", START + 5000);
      expect(await store.deliveryNextDue({ loopId: LOOP })).toBe(START + 5000);
      clock.now += 5000;
      await settle("dead", clock.now);
      expect(await store.deliveryList({ states: ["dead"], limit: 10 })).toMatchObject([
        { id, attempts: 2, lastError: "503" },
      ]);
      expect(await store.deliveryReplay({ ids: [id] })).toBe(1);
      expect(await store.deliveryList({ ids: [id], limit: 1 })).toMatchObject([
        { state: "pending", replayedAt: clock.now },
      ]);
      await settle("delivered", clock.now);
      expect(await store.deliveryCounts({ loopId: LOOP })).toEqual([{ kind: "tag", state: "delivered", count: 1 }]);
    });

    it("replays what is finished, and counts only that", async () => {
      await using store = await open({ now: START });
      const id = await queueDelivery(store);
      expect(await store.deliveryReplay({ ids: [id], states: ["pending"] })).toBe(0);
      await store.deliveryRetire({ ids: [id], reason: "x" });
      await queueDelivery(store);
      expect(await store.deliveryReplay({ states: ["pending", "dead"] })).toBe(1);
    });

    it("ignores what a worker without the lease says", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const id = await queueDelivery(store);
      await store.deliveryClaim({ ...claim, leaseToken: newId() });
      const result = {
        id,
        leaseToken: newId(),
        state: "dead" as const,
        nextAttemptAt: 0,
        lastError: "x",
        deliveredAt: null,
      };
      expect(await store.deliverySettle({ results: [result] })).toBe(0);
      expect(await store.deliveryList({ limit: 10 })).toMatchObject([{ id, state: "pending", attempts: 0 }]);
    });

    it("renews the leases a worker has, and no others", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const ids = [await queueDelivery(store), await queueDelivery(store)];
      const [id, other] = ids as [string, string];
      const mine = newId();
      expect(await store.deliveryClaim({ ...claim, leaseToken: mine })).toHaveLength(2);
      clock.now += 900;
      expect(await store.deliveryRenew({ ids: [id], leaseMs: 1000, leaseToken: mine })).toEqual([id]);
      clock.now += 200;
      const theirs = newId();
      expect(await store.deliveryClaim({ ...claim, leaseToken: theirs })).toMatchObject([{ id: other }]);
      expect(await store.deliveryRenew({ ids, leaseMs: 1000, leaseToken: mine })).toEqual([id]);
      expect(await store.deliveryRenew({ ids: [], leaseMs: 1000, leaseToken: mine })).toEqual([]);
    });

    it("retires what waits, and leaves what is being attempted", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const id = await queueDelivery(store);
      const leaseToken = newId();
      await store.deliveryClaim({ ...claim, leaseToken });
      expect(await store.deliveryRetire({ ids: [id], reason: "410" })).toBe(0);
      const result = { id, leaseToken, nextAttemptAt: START, lastError: null, deliveredAt: START };
      expect(await store.deliverySettle({ results: [{ ...result, state: "delivered" }] })).toBe(1);
      expect(await store.deliveryRetire({ ids: [id], reason: "410" })).toBe(0);

      const other = await queueDelivery(store);
      await store.deliveryClaim({ ...claim, leaseToken: newId() });
      clock.now += 1000;
      expect(await store.deliveryRetire({ ids: [id, other], reason: "410" })).toBe(1);
      expect(await store.deliveryList({ ids: [other], limit: 1 })).toMatchObject([{ state: "dead", lastError: "410" }]);
    });

    it("replays what is suppressed only where that is said", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const parts = { loop: LOOP, action: { action: "notify", destination: "team" }, context: {} } as const;
      const held = (id: string): Delivery => ({ ...createDelivery({ ...parts, id }, START), state: "suppressed" });
      await store.deliveryAdd({ deliveries: [held("a"), held("b")] });
      expect(await store.deliveryReplay({ loopId: LOOP })).toBe(0);
      expect(await store.deliveryReplay({ ids: ["a"] })).toBe(1);
      expect(await store.deliveryReplay({ loopId: LOOP, states: ["suppressed"] })).toBe(1);
      expect(await store.deliveryClaim({ ...claim, leaseToken: newId() })).toMatchObject([
        { replayedAt: START },
        { replayedAt: START },
      ]);
    });

    it("tells what is held once, all of it or nothing", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const heldAt = (id: string, createdAt: number): Delivery => ({
        ...createDelivery(
          { id, loop: LOOP, action: { action: "notify", destination: "team" }, context: {} },
          createdAt,
        ),
        state: "suppressed",
      });
      await store.deliveryAdd({ deliveries: [heldAt("b", START), heldAt("a", START), heldAt("c", START - 1)] });
      const held = async (after?: Delivery): Promise<Delivery[]> =>
        store.deliveryHeld({ loopId: LOOP, limit: 2, ...(after && { after }) });
      const [first, second] = await held();
      expect([first?.id, second?.id]).toEqual(["c", "a"]);
      expect(await held(second)).toMatchObject([{ id: "b" }]);

      const digest = createDelivery(
        { id: "digest", loop: LOOP, action: { action: "tag", tag: "t" }, context: {} },
        START,
      );
      const tell = (ids: string[], told: number): Promise<boolean> =>
        store.deliveryTell({ ids, digestId: "digest", deliveries: [digest], cursor: { name: "k", value: { told } } });
      expect(await tell(["c", "a"], 1)).toBe(true);
      expect(await store.deliveryList({ ids: ["a", "digest"], limit: 5 })).toMatchObject([
        { id: "a", state: "suppressed", digestId: "digest" },
        { id: "digest", state: "pending" },
      ]);
      expect(await tell(["a", "b"], 2)).toBe(false);
      await store.deliveryReplay({ ids: ["b"] });
      expect(await tell(["b"], 3)).toBe(false);
      expect(await store.cursorGet({ name: "k" })).toEqual({ told: 1 });
      expect(await held()).toEqual([]);
    });
  });
}
