import { describe, expect, it } from "vitest";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

const DAY = 24 * 3_600_000;

export function exerciseEvaluations(open: OpenStore): void {
  describe("answers of evaluators", () => {
    it("are kept for thirty days, the first of two, and go when new ones come", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      expect(await store.evaluationGet({ key: "a" })).toBeNull();
      await Promise.all([
        store.evaluationPut({ key: "a", result: [{ score: 0.5, comment: "\u0000 ž" }] }),
        store.evaluationPut({ key: "b", result: true }),
      ]);
      await store.evaluationPut({ key: "a", result: 1 });
      expect(await store.evaluationGet({ key: "a" })).toEqual([{ score: 0.5, comment: "\u0000 ž" }]);
      expect(await store.evaluationGet({ key: "b" })).toBe(true);
      clock.now += 30 * DAY + 1;
      expect(await store.evaluationGet({ key: "a" })).toBeNull();
      await store.evaluationPut({ key: "c", result: 0 });
      clock.now = START;
      expect(await store.evaluationGet({ key: "a" })).toBeNull();
      expect(await store.evaluationGet({ key: "c" })).toBe(0);
    });
  });
}
