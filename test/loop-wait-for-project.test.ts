import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { rootWrite } from "./contract/span-writes.ts";

function openStore(): Promise<Store> {
  return sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-wait-")), "l.db") });
}

function loopOver(store: Store, waitForProject: boolean): FeedbackLoop {
  const projectName = "contract";
  return createFeedbackLoop({
    client: { store },
    projectName,
    evaluator: () => 1,
    threshold: 0.5,
    settleMs: 0,
    pollMs: 10,
    learn: false,
    waitForProject,
  });
}

describe("a loop whose project does not exist yet", () => {
  it("has nothing to do where it waits for the project, and judges its first trace", async () => {
    await using store = await openStore();
    await using loop = loopOver(store, true);
    const errors: unknown[] = [];
    loop.on("error", ({ error }) => errors.push(error));
    expect(await loop.runOnce()).toMatchObject({ judged: 0 });
    await loop.start();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(errors).toEqual([]);
    const judged = new Promise((resolve) => loop.on("trace:judged", resolve));
    const now = Date.now();
    await store.spanIngest({ spans: [rootWrite({ startAt: now, endAt: now })] });
    await judged;
  });

  it("refuses the name otherwise", async () => {
    await using store = await openStore();
    await using loop = loopOver(store, false);
    await expect(loop.runOnce()).rejects.toMatchObject({ code: "not_found" });
    await expect(loop.start()).rejects.toMatchObject({ code: "not_found" });
  });
});
