import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LOOP, verdictOf } from "../../../test/contract/exercise-ledger.ts";
import { newId } from "../../model/id.ts";
import type { StandingScore } from "../../model/standing-score.ts";
import type { Platform } from "../../platform/platform.ts";
import { sqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../store/store.ts";
import { scoreWatch } from "./score-watch.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-scores-"));
const MINUTE = 60_000;
let clock = 1_760_000_000_000;
let store: Store;
/** What the platform says changed lately. */
let changed: StandingScore[] = [];
const asked: number[] = [];

beforeAll(async () => {
  store = await sqliteStore({ path: join(folder, "l.db"), now: () => clock });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A watch of a process that has just started. */
function start(): (now: number) => Promise<void> {
  const platform: Pick<Platform, "scoresChanged" | "scoredByPeople"> = {
    async *scoresChanged({ since }) {
      asked.push(since);
      yield changed;
    },
    scoredByPeople: ({ scores }) => Promise.resolve([...scores]),
  };
  const options = { lookbackMs: 60 * MINUTE, settleMs: 0 };
  return scoreWatch({ store, platform, loopId: LOOP, projectId: "p", options, readKeys: ["thumbs"] } as never);
}

it("remembers, also in the next process, what came while its trace was being judged", async () => {
  const traceId = newId();
  const head = { traceId, startAt: clock, rootEndAt: clock, changedAt: clock, dueAt: 0 };
  await store.loopEnsure({ id: LOOP, name: "l", projectName: "p", config: {} });
  await store.ledgerEnrol({ loopId: LOOP, heads: [head] });
  const leaseToken = newId();
  await store.ledgerClaim({ loopId: LOOP, limit: 1, leaseMs: 10 * MINUTE, leaseToken });
  changed = [{ traceId, spanId: traceId, key: "thumbs", score: 0 }];
  await start()(clock);
  const revision = async (): Promise<number | undefined> =>
    (await store.ledgerGet({ loopId: LOOP, traceId }))?.revision;
  expect(await revision()).toBe(1);

  await store.verdictRecord({ records: [{ verdict: verdictOf(traceId), leaseToken, deliveries: [], seenScores: {} }] });
  // It changed too long ago to be told of again.
  changed = [];
  clock += 30 * MINUTE;
  const watch = start();
  await watch(clock);
  expect(await revision()).toBe(2);

  clock += MINUTE;
  await watch(clock);
  await watch(clock + 1);
  expect(await revision()).toBe(2);
  // The last question reached back over the one before by two minutes, and a millisecond later none was asked.
  expect(asked.slice(1)).toEqual([clock - 33 * MINUTE, clock - 3 * MINUTE]);
});
