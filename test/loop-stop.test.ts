import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { rootWrite } from "./contract/span-writes.ts";

const COUNT = 5;

describe("stopping a loop", () => {
  it("starts no evaluator any more, records the one that runs, and leaves the others to whoever comes next", async () => {
    await using store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-stop-")), "l.db") });
    const now = Date.now();
    await store.spanIngest({ spans: Array.from({ length: COUNT }, () => rootWrite({ startAt: now, endAt: now })) });
    let started = 0;
    let tellStarted = (): void => {};
    const firstStarted = new Promise<void>((resolve) => (tellStarted = resolve));
    let finish = (): void => {};
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    const open = (): FeedbackLoop =>
      createFeedbackLoop({
        client: { store },
        projectName: "contract",
        evaluator: async () => {
          started += 1;
          tellStarted();
          await mayFinish;
          return 1;
        },
        threshold: 0.5,
        settleMs: 0,
        concurrency: 1,
        learn: false,
      });
    await using loop = open();
    await loop.start();
    await firstStarted;
    const stopped = loop.stop();
    finish();
    await stopped;
    expect(started).toBe(1);
    const [row] = await store.loopList();
    expect((await store.ledgerCounts({ loopId: row?.id ?? "" })).byState.decided).toBe(1);
    // No lease is left that would have to run out.
    expect(await store.leaseNextEnd({ loopId: row?.id ?? "" })).toBeNull();
    await using next = open();
    expect(await next.runOnce()).toMatchObject({ judged: COUNT - 1 });
  });
});
