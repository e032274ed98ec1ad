import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defineEvaluator } from "../src/evaluator/index.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { rootWrite, START } from "./contract/span-writes.ts";

it("looks back from the store's time, and dates what went wrong by it", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "loopsmith-clock-")), "c.db");
  await using store = await sqliteStore({ path, now: () => START });
  await store.spanIngest({ spans: [rootWrite({ startAt: START - 60_000, endAt: START - 50_000 })] });
  let called = 0;
  const evaluator = defineEvaluator({
    name: "once",
    evaluate: () => {
      called += 1;
      if (called === 1) throw new Error("not yet");
      return 1;
    },
  });
  await using loop = createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator,
    threshold: 0.5,
    settleMs: 0,
    retryMs: 0,
    // Less than lies between the two clocks.
    lookbackMs: 3_600_000,
  });
  expect((await loop.runOnce()).judged).toBe(1);
  expect((await loop.status()).lastError).toMatchObject({ at: START });
});
