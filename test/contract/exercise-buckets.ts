import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import type { BucketChanges, BucketWrite } from "../../src/store/resource/bucket.ts";
import type { Store } from "../../src/store/store.ts";
import { LOOP, verdictOf } from "./exercise-ledger.ts";
import { recordVerdicts } from "./record-verdicts.ts";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

const HOUR = 3_600_000;
const FIRST = Math.floor(START / HOUR) * HOUR;

export function exerciseBuckets(open: OpenStore): void {
  const write = (overrides: Partial<BucketWrite> = {}): BucketWrite => ({
    hour: FIRST,
    codebookId: "book",
    rows: 3,
    bytes: Uint8Array.of(1, 0, 255),
    replaces: false,
    ...overrides,
  });
  let version = 0;
  const record = async (store: Store, buckets: BucketChanges): Promise<boolean> => {
    const recorded = await store.learningRecord({
      loopId: LOOP,
      version,
      state: {},
      issues: [],
      deliveries: [],
      buckets,
    });
    if (recorded) version += 1;
    return recorded;
  };
  const opened = (clock: { now: number }): Promise<Store> => {
    version = 0;
    return open(clock);
  };

  describe("buckets", () => {
    it("know which verdicts they have yet to take in, revisions and late ones too", async () => {
      await using store = await opened({ now: START });
      const [early, late] = [newId(), newId()];
      await recordVerdicts(store, [
        verdictOf(late, { traceStartAt: START + HOUR, outcome: "pass", cluster: "c" }),
        verdictOf(newId(), { outcome: "unscored" }),
      ]);
      await recordVerdicts(store, [verdictOf(early)]);
      const unlearned = await store.verdictUnlearned({ loopId: LOOP, limit: 10 });
      expect(unlearned).toEqual([
        expect.objectContaining({ revision: 1, latest: true, outcome: "fail" }),
        expect.objectContaining({ revision: 1, latest: true, outcome: "pass" }),
      ]);
      expect(unlearned.map(({ row }) => row)).toEqual([
        { traceId: early, at: START, failed: true, features: { a: 1, b: "x", c: null, d: true } },
        { traceId: late, at: START + HOUR, failed: false, features: expect.anything(), cluster: "c" },
      ]);
      expect(
        await store.verdictLearnable({ loopId: LOOP, from: START, to: START + 1, learned: true, limit: 9 }),
      ).toEqual([]);
      await record(store, { writes: [], learned: unlearned.slice(0, 1) });
      expect(await store.verdictUnlearned({ loopId: LOOP, limit: 10 })).toEqual(unlearned.slice(1));
      await recordVerdicts(store, [verdictOf(early, { revision: 2, outcome: "error" })]);
      expect(await store.verdictUnlearned({ loopId: LOOP, from: START, to: START + 1, limit: 10 })).toMatchObject([
        { revision: 2, outcome: "error" },
      ]);
      expect(await store.verdictEarlierStarts({ loopId: LOOP, traceIds: [early, late] })).toEqual([START]);
    });

    it("page through what can be learned, in order and without gaps", async () => {
      await using store = await opened({ now: START });
      const verdicts = Array.from({ length: 12 }, (_, index) =>
        verdictOf(newId(), { traceStartAt: START + Math.floor(index / 3), outcome: index % 2 === 0 ? "pass" : "fail" }),
      );
      await recordVerdicts(store, verdicts);
      const seen = [];
      for (let after; ; after = seen.at(-1)) {
        const range = { loopId: LOOP, from: START, to: START + 4, limit: 5 };
        const page = await store.verdictLearnable({ ...range, ...(after && { after }) });
        seen.push(...page);
        if (page.length < 5) break;
      }
      expect(seen.map(({ id }) => id).sort()).toEqual(verdicts.map(({ id }) => id).sort());
      expect(seen.map(({ row }) => row.at)).toEqual(verdicts.map(({ traceStartAt }) => traceStartAt));
      expect(await store.verdictNewest({ loopId: LOOP, limit: 2 })).toMatchObject([
        { row: { at: START + 3 } },
        { row: { at: START + 3 } },
      ]);
    });

    it("gain parts, and give them all up for one", async () => {
      await using store = await opened({ now: START });
      await record(store, { writes: [write(), write({ rows: 1 }), write({ hour: FIRST + HOUR })], learned: [] });
      const range = { loopId: LOOP, from: FIRST, to: FIRST + HOUR };
      const part = { hour: FIRST, codebookId: "book" };
      expect(await store.bucketList(range)).toEqual([
        { ...part, part: 1, rows: 3 },
        { ...part, part: 2, rows: 1 },
      ]);
      await record(store, { writes: [write({ rows: 4, replaces: true, bytes: Uint8Array.of(9) })], learned: [] });
      const [merged, ...others] = await store.bucketRead({ loopId: LOOP, hour: FIRST });
      expect(others).toEqual([]);
      // A number that was used stays used: whoever remembers part 1 must not take this one for it.
      expect(merged).toMatchObject({ ...part, part: 3, rows: 4 });
      expect(Buffer.from(merged?.bytes ?? []).toString("hex")).toBe("09");
      expect(await store.bucketDelete({ loopId: LOOP, before: FIRST + HOUR })).toBe(1);
      expect(await store.bucketList({ ...range, to: FIRST + 9 * HOUR })).toMatchObject([{ hour: FIRST + HOUR }]);
    });

    it("change only in a round that nobody overtook", async () => {
      const clock = { now: START };
      await using store = await opened(clock);
      const codebook = { id: "book", document: { words: ["a"] }, rows: 7, createdAt: START };
      await record(store, { codebook, writes: [write()], learned: [] });
      expect(await store.codebookGet({ loopId: LOOP })).toEqual(codebook);
      version -= 1;
      expect(await record(store, { codebook: { ...codebook, id: "stale" }, writes: [write()], learned: [] })).toBe(
        false,
      );
      expect(await store.codebookGet({ loopId: LOOP })).toMatchObject({ id: "book" });
      expect(await store.bucketList({ loopId: LOOP, from: FIRST, to: FIRST + HOUR })).toHaveLength(1);
      version += 1;
      clock.now += 5;
      await record(store, { codebook: { ...codebook, id: "next" }, writes: [], learned: [] });
      expect(await store.codebookGet({ loopId: LOOP })).toMatchObject({ id: "next", createdAt: START + 5 });
    });
  });
}
