import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomSource } from "../src/internal/random.ts";
import { bucketOfParts, hourlyBuckets } from "../src/loop/learn/hourly-buckets.ts";
import { learn } from "../src/loop/learn/learn.ts";
import { createEmitter } from "../src/loop/events.ts";
import { readLoopCodebook } from "../src/loop/learn/loop-codebook.ts";
import { loopPatterns } from "../src/loop/loop-patterns.ts";
import { stableId } from "../src/model/id.ts";
import type { Verdict } from "../src/model/verdict.ts";
import { encodeBucket } from "../src/pattern/bucket-bytes.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { LOOP, verdictOf } from "./contract/exercise-ledger.ts";
import { recordVerdicts } from "./contract/record-verdicts.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-01T00:00:00Z");
const HOURS = 4;

function openStore(clock: { now: number }): Promise<Store> {
  const path = join(mkdtempSync(join(tmpdir(), "loopsmith-buckets-")), "l.db");
  return sqliteStore({ path, now: () => clock.now });
}

/** Low relevance fails. */
function draw(index: number, revision = 1): Verdict {
  const random = randomSource(1000 * revision + index);
  const relevance = random();
  const failed = random() < (relevance < 0.3 ? 0.6 : 0.05);
  const traceId = stableId("trace", String(index));
  return verdictOf(traceId, {
    revision,
    outcome: failed ? "fail" : "pass",
    features: {
      "retrieval.relevance": relevance,
      model: `m-${index % 3}`,
      ...(index % 7 === 0 && { rare: true }),
      ...(failed && { culprit: "retrieval", reason: `reason ${index % 3}` }),
    },
    cluster: index % 5 === 0 ? `session-${index % 20}` : null,
    traceStartAt: START + (index % HOURS) * HOUR + index * 1000 + (revision > 1 && index % 11 === 0 ? HOUR : 0),
  });
}

async function rebuiltBits(store: Store): Promise<Map<number, string>> {
  const codebook = await readLoopCodebook(store, LOOP);
  if (!codebook) return new Map();
  const buckets = await hourlyBuckets(store, LOOP, codebook.codebook, { from: START - HOUR, to: START + 9 * HOUR });
  return new Map(buckets.map((bucket) => [bucket.hour, Buffer.from(encodeBucket(bucket)).toString("hex")]));
}

async function storedBits(store: Store): Promise<Map<number, string>> {
  const bits = new Map<number, string>();
  for (let hour = START - HOUR; hour < START + 9 * HOUR; hour += HOUR) {
    const parts = await store.bucketRead({ loopId: LOOP, hour });
    if (parts.length > 0) bits.set(hour, Buffer.from(encodeBucket(bucketOfParts(parts))).toString("hex"));
  }
  return bits;
}

const deps = (store: Store) => ({ store, loopId: LOOP, emitter: createEmitter(), alerts: [], options: {} });

describe("hourly buckets", () => {
  it("hold the same bits as a rebuild from the ledger, in whatever order verdicts came, changed or moved", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(
          Array.from({ length: 90 }, (_, index) => index),
          { minLength: 40 },
        ),
        fc.array(fc.nat(89), { maxLength: 12 }),
        fc.integer({ min: 2, max: 12 }),
        async (order, changed, rounds) => {
          const clock = { now: START + 6 * HOUR };
          await using store = await openStore(clock);
          const each = Math.ceil(order.length / rounds);
          for (let at = 0; at < order.length; at += each) {
            await recordVerdicts(
              store,
              order.slice(at, at + each).map((index) => draw(index)),
            );
            clock.now += 60_000;
            await learn(deps(store));
          }
          const again = [...new Set(changed)].filter((index) => order.includes(index));
          await recordVerdicts(
            store,
            again.map((index) => draw(index, 2)),
          );
          await learn(deps(store), { mineNow: true });
          expect(await store.verdictUnlearned({ loopId: LOOP, limit: 1 })).toEqual([]);
          const [stored, rebuilt] = [await storedBits(store), await rebuiltBits(store)];
          // An hour whose last run moved away is an empty bucket here and none there.
          for (const [hour, bits] of rebuilt) expect(stored.get(hour)).toBe(bits);
          expect([...stored.keys()]).toEqual(expect.arrayContaining([...rebuilt.keys()]));
        },
      ),
      { numRuns: 8 },
    );
  }, 120_000);

  it("give loop.patterns the report of the verdicts themselves, learned or not, for windows that cut through hours", async () => {
    const clock = { now: START + HOURS * HOUR };
    await using store = await openStore(clock);
    const verdicts = Array.from({ length: 600 }, (_, index) => draw(index));
    await recordVerdicts(store, verdicts.slice(0, 500));
    await learn(deps(store));
    // Not learned: a late one for every hour, and changed ones.
    await recordVerdicts(store, verdicts.slice(500));
    await recordVerdicts(
      store,
      [3, 4, 5, 6].map((index) => draw(index, 2)),
    );
    for (const window of [
      { from: START, to: START + HOURS * HOUR },
      { from: START + 90_000, to: START + 2 * HOUR + 300_000 },
    ]) {
      const mined = await loopPatterns(store, LOOP, { window });
      const counted = await store.verdictCounts({ loopId: LOOP, ...window });
      expect(mined).toMatchObject({ window, failures: counted.fail, passes: counted.pass });
    }
    const whole = await loopPatterns(store, LOOP, { window: { from: START, to: START + HOURS * HOUR } });
    expect(whole.patterns[0]?.predicates).toMatchObject([{ feature: "retrieval.relevance", operator: "<" }]);
    const where = await loopPatterns(store, LOOP, {
      window: { from: START, to: START + HOURS * HOUR },
      where: [{ feature: "model", operator: "=", value: "m-1" }],
    });
    expect(where.failures + where.passes).toBe(200);
  });

  it("are written anew when the codebook is, and only then", async () => {
    const clock = { now: START + HOURS * HOUR };
    await using store = await openStore(clock);
    await recordVerdicts(
      store,
      Array.from({ length: 40 }, (_, index) => draw(index)),
    );
    await learn(deps(store));
    const first = await store.bucketList({ loopId: LOOP, from: START, to: START + 9 * HOUR });
    await recordVerdicts(store, [draw(40)]);
    await learn(deps(store));
    expect(await store.bucketList({ loopId: LOOP, from: START, to: START + 9 * HOUR })).toHaveLength(first.length + 1);
    await recordVerdicts(
      store,
      Array.from({ length: 60 }, (_, index) => draw(41 + index)),
    );
    await learn(deps(store), { mineNow: true });
    const codebook = await store.codebookGet({ loopId: LOOP });
    const now = await store.bucketList({ loopId: LOOP, from: START, to: START + 9 * HOUR });
    expect(codebook?.rows).toBe(101);
    expect(new Set(now.map(({ codebookId }) => codebookId))).toEqual(new Set([codebook?.id]));
    expect(await storedBits(store)).toEqual(await rebuiltBits(store));
  });
});

describe("late verdicts", () => {
  it("of windows that were counted count with the next one, once", async () => {
    const clock = { now: START + HOURS * HOUR + 600_000 };
    await using store = await openStore(clock);
    await recordVerdicts(
      store,
      Array.from({ length: 400 }, (_, index) => draw(index)),
    );
    await learn(deps(store));
    const [born] = await store.issueList({ loopId: LOOP });
    expect(born?.state).toBe("candidate");
    const from = born?.observedTo ?? 0;
    const of = (count: number, offset: number, name: string): Verdict[] =>
      Array.from({ length: count }, (_, index) =>
        verdictOf(stableId(name, String(index)), {
          outcome: index % 2 === 0 ? "fail" : "pass",
          features: { "retrieval.relevance": index % 2 === 0 ? 0.01 : 0.9, model: "m-1" },
          traceStartAt: from + offset + index,
        }),
      );
    await recordVerdicts(store, of(6, 0, "in time"));
    clock.now = from + 1.5 * HOUR;
    await learn(deps(store));
    const counted = async (): Promise<number> =>
      (await store.issueList({ loopId: LOOP }))[0]?.evidence.epoch.exposed ?? 0;
    expect(await counted()).toBe(6);
    await recordVerdicts(store, of(8, 0, "late"));
    // Of before the issue was born: none of its windows.
    await recordVerdicts(store, of(2, -HOUR, "too early"));
    await learn(deps(store));
    expect(await counted()).toBe(6);
    await recordVerdicts(store, of(4, HOUR, "next"));
    clock.now += HOUR;
    await learn(deps(store));
    expect(await counted()).toBe(6 + 8 + 4);
    clock.now += HOUR;
    await learn(deps(store));
    expect(await counted()).toBe(6 + 8 + 4);
  });
});
