import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LOOP } from "../../../test/contract/exercise-ledger.ts";
import { rootWrite } from "../../../test/contract/span-writes.ts";
import { embeddedPlatform } from "../../platform/embedded.ts";
import type { Platform } from "../../platform/platform.ts";
import { sqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../store/store.ts";
import { createSweeps } from "./sweep.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-sweep-"));
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
let clock = 1_760_000_000_000;
let store: Store;
/** How far back each sweep reached, in ms. */
const reached: number[] = [];
let isDown = false;

beforeAll(async () => {
  store = await sqliteStore({ path: join(folder, "l.db"), now: () => clock });
  await store.loopEnsure({ id: LOOP, name: "l", projectName: "contract", config: {} });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

it("asks a store for what changed since the last sweep, and for more where that may have missed something", async () => {
  const { id: projectId } = await store.projectEnsure({ name: "contract" });
  const real = embeddedPlatform({ store });
  const platform: Platform = {
    ...real,
    traceHeads(params) {
      if (isDown) throw new Error("the database is away");
      reached.push(clock - (params.changedFrom ?? 0));
      return real.traceHeads(params);
    },
  };
  const options = { lookbackMs: 24 * HOUR, settleMs: 0 };
  const sweep = createSweeps({ store, platform, loopId: LOOP, projectId, options, readKeys: [] } as never);
  const later = (ms: number): Promise<void> => {
    clock += ms;
    return sweep();
  };
  await sweep();
  const root = rootWrite({ startAt: clock, endAt: clock });
  await store.spanIngest({ spans: [root] });
  await later(2 * SECOND);
  expect(await store.ledgerGet({ loopId: LOOP, traceId: root.id })).toMatchObject({ state: "settling" });
  await later(2 * SECOND);
  isDown = true;
  await expect(later(10 * SECOND)).rejects.toThrow("away");
  isDown = false;
  await later(4 * SECOND);
  await later(20 * SECOND);
  // The whole look-back first; then a little more than since the last one, also over an outage; and after half a minute more.
  expect(reached).toEqual([24 * HOUR, 7 * SECOND, 7 * SECOND, 19 * SECOND, 120 * SECOND]);
});
