import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { LOOP } from "./exercise-ledger.ts";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

const PATIENCE = 5_000;

export function exerciseMining(open: OpenStore): void {
  const shares = [
    { from: START, to: START + 10 },
    { from: START + 10, to: START + 30 },
  ];
  const search = (id: string) => ({ id, patienceMs: PATIENCE });
  const opening = (id: string) => ({ ...search(id), loopId: LOOP, codebookId: "book", shares });

  describe("shared mining", () => {
    it("hands out each share once, and a dead holder's again", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const id = newId();
      await store.miningOpen(opening(id));
      const first = await store.miningClaim({ leaseToken: "a", leaseMs: 1_000 });
      expect(first).toEqual({ miningId: id, loopId: LOOP, codebookId: "book", share: 0, ...shares[0] });
      expect(await store.miningClaim({ leaseToken: "b", leaseMs: 1_000 })).toMatchObject({ share: 1 });
      expect(await store.miningClaim({ leaseToken: "c", leaseMs: 1_000 })).toBeNull();
      clock.now += 900;
      const holder = { miningId: id, share: 0, leaseToken: "a", leaseMs: 1_000 };
      expect(await store.miningNext(holder)).toBeNull();
      clock.now += 200;
      // The one that asked in time kept its share, the silent one lost it.
      expect(await store.miningClaim({ leaseToken: "c", leaseMs: 1_000 })).toMatchObject({ share: 1 });
      expect(await store.miningNext({ ...holder, share: 1, leaseToken: "b" })).toBe("over");
      expect(
        await store.miningAnswer({ ...holder, share: 1, leaseToken: "b", asked: 1, answer: Uint8Array.of(1) }),
      ).toBe(false);
    });

    it("collects the answers to the present question in the order of the shares", async () => {
      await using store = await open({ now: START });
      const id = newId();
      await store.miningOpen(opening(id));
      const lease = { leaseToken: "a", leaseMs: 1_000 };
      await store.miningClaim(lease);
      await store.miningClaim(lease);
      await store.miningAsk({ ...search(id), asked: 1, question: Uint8Array.of(0, 7) });
      const [one, other] = [0, 1].map((share) => ({ miningId: id, share, ...lease }));
      if (!one || !other) throw new Error("unreachable");
      const next = await store.miningNext(other);
      if (next === null || next === "over") throw new Error("there is a question");
      expect([next.asked, ...next.question]).toEqual([1, 0, 7]);
      await store.miningAnswer({ ...other, asked: 1, answer: Uint8Array.of(2) });
      expect(await store.miningNext(other)).toBeNull();
      expect(await store.miningCollect({ ...search(id), asked: 1 })).toBe(1);
      await store.miningAnswer({ ...one, asked: 1, answer: Uint8Array.of(1) });
      const answers = await store.miningCollect({ ...search(id), asked: 1 });
      expect(typeof answers === "number" ? answers : answers.map((bytes) => [...bytes])).toEqual([[1], [2]]);
      await store.miningAsk({ ...search(id), asked: 2, question: Uint8Array.of(8) });
      expect(await store.miningCollect({ ...search(id), asked: 2 })).toBe(2);
      await store.miningClose({ id });
      expect(await store.miningNext(one)).toBe("over");
    });

    it("is void when its asker is not heard of, and heard of while it waits", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const id = newId();
      await store.miningOpen(opening(id));
      clock.now += PATIENCE - 1;
      expect(await store.miningCollect({ ...search(id), asked: 1 })).toBe(2);
      clock.now += PATIENCE - 1;
      const lease = { leaseToken: "a", leaseMs: 1_000 };
      expect(await store.miningClaim(lease)).toMatchObject({ miningId: id, share: 0 });
      clock.now += 1;
      expect(await store.miningClaim({ ...lease, leaseToken: "b" })).toBeNull();
      expect(await store.miningNext({ miningId: id, share: 0, ...lease })).toBe("over");
    });
  });
}
