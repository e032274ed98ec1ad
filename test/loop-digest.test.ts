import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { notify } from "../src/destination/action-helpers.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import type { Destination } from "../src/destination/destination.ts";
import type { Delivery } from "../src/model/delivery.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";

/** A loop that everything fails, and what its team was told. */
async function failing(options: Pick<FeedbackLoopOptions, "onFailure" | "throttle">) {
  const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-digest-")), "d.db") });
  const told: Delivery[] = [];
  const team: Destination = {
    kind: "test",
    recording: false,
    deliver(delivery) {
      told.push(delivery);
      return Promise.resolve({ status: "delivered" });
    },
  };
  const loop = createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
    settleMs: 0,
    learn: false,
    destinations: { team },
    ...options,
  });
  return {
    store,
    loop,
    told,
    async [Symbol.asyncDispose]() {
      await loop.stop();
      await store.close();
    },
  };
}

describe("notifications", () => {
  it("make one digest of a thousand matches, and every match is recorded", async () => {
    await using at = await failing({
      onFailure: () => [notify("team"), { action: "add_to_annotation_queue", queueName: "review" }],
    });
    const { store, loop, told } = at;
    const now = Date.now();
    const spans = Array.from({ length: 1000 }, (_, index) =>
      rootWrite({ startAt: now - index, endAt: now, outputs: json({ index }) }),
    );
    await store.spanIngest({ spans });
    await loop.runOnce();
    expect(told).toHaveLength(1);
    expect(told[0]?.action).toMatchObject({ action: "notify", title: "1000 failures" });
    const counts = await store.deliveryCounts({});
    expect(counts).toContainEqual({ kind: "add_to_annotation_queue", state: "delivered", count: 1000 });
    expect(counts).toContainEqual({ kind: "notify", state: "suppressed", count: 1000 });
    const queue = await store.queueEnsure({ name: "review" });
    expect(await store.queueItemCount({ queueId: queue.id })).toBe(1000);
    await loop.runOnce();
    expect(told).toHaveLength(1);
  });

  it.each([
    ["is sent by itself when it is replayed", {}, 2],
    ["is sent by itself where only webhooks are held", { notifying: ["webhook"] as const }, 1],
  ])("%s", async (_name, throttle, messages) => {
    await using at = await failing({
      throttle,
      onFailure: () => notify("team", { title: "itself" }),
    });
    const { store, loop, told } = at;
    const now = Date.now();
    await store.spanIngest({ spans: [rootWrite({ startAt: now - 10, endAt: now })] });
    await loop.runOnce();
    await loop.replay({ states: ["suppressed"] });
    await loop.runOnce();
    expect(told).toHaveLength(messages);
    expect(told.at(-1)?.action).toMatchObject({ title: "itself" });
  });
});
