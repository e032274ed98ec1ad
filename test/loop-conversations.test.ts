import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineConversationEvaluator } from "../src/evaluator/index.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import { isSampled } from "../src/loop/judge/sample.ts";
import { newId } from "../src/model/id.ts";
import type { SpanWrite } from "../src/model/span-write.ts";
import { postgresStore } from "../src/store/postgres/postgres-store.ts";
import type { Trace } from "../src/model/trace.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";

const url = process.env["LOOPSMITH_TEST_POSTGRES"];
const IDLE_MS = 60_000;
/** The stores' time: it passes only where a test says so. */
const clock = { now: Date.now() };
const now = (): number => clock.now;

const stores: Record<string, (() => Promise<Store>) | null> = {
  sqlite: () => sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-talk-")), "t.db"), now }),
  postgres: url ? () => postgresStore({ url, schema: `t_${newId().replaceAll("-", "_")}`, poolSize: 4, now }) : null,
};

function turn(threadId: string, said: string, answer: string, startAt = clock.now - 50): SpanWrite {
  const metadata = { session_id: threadId };
  return rootWrite({
    startAt,
    endAt: startAt + 40,
    inputs: json({ question: said }),
    outputs: json({ answer }),
    metadata,
    threadId,
    extra: json({ metadata }),
  });
}

/** A loop whose conversation evaluator wants the last answer to solve it, and remembers what it was shown. */
function loopOver(store: Store, seen: string[][], options: Partial<FeedbackLoopOptions> = {}): FeedbackLoop {
  return createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator: defineConversationEvaluator({
      name: "solved",
      idleMs: IDLE_MS,
      evaluate: ({ turns }) => {
        seen.push(turns.map(({ assistant }) => assistant));
        return { score: turns.at(-1)?.assistant.includes("done") ? 1 : 0, comment: `${turns.length} turns` };
      },
    }),
    threshold: 0.5,
    settleMs: 0,
    lookbackMs: 1e12,
    ...options,
  });
}

for (const [name, open] of Object.entries(stores)) {
  describe.skipIf(open === null)(`conversations in a loop: ${name}`, () => {
    it("are judged once they have gone idle, fail like traces, and again when they go on", async () => {
      const store = await open!();
      const seen: string[][] = [];
      const failures: string[] = [];
      await using loop = loopOver(store, seen, {
        onFailure: (run, score, { key, comment }) => {
          failures.push(`${key} ${score} ${comment} ${run.id}`);
          return { action: "add_to_annotation_queue", queueName: "talks" };
        },
      });
      const [first, second] = [turn("t1", "hello", "hi", clock.now - 100), turn("t1", "help", "no")];
      await store.spanIngest({ spans: [first, second, turn("t2", "quick", "done")] });
      await loop.runOnce();
      expect(seen).toEqual([]);
      clock.now += IDLE_MS + 1;
      await loop.runOnce();
      expect(seen).toHaveLength(2);
      expect(seen).toEqual(expect.arrayContaining([["done"], ["hi", "no"]]));
      expect(failures).toEqual([`solved 0 2 turns ${second.id}`]);
      const scores = await store.feedbackList({ runIds: [first.id, second.id], keys: ["solved"], limit: 9, offset: 0 });
      expect(scores.map(({ runId, score }) => [runId, score])).toEqual([[second.id, 0]]);
      expect((await loop.deliveries()).map(({ state, spanId }) => [state, spanId])).toEqual([["delivered", second.id]]);

      await loop.runOnce();
      expect(seen).toHaveLength(2);
      await store.spanIngest({ spans: [turn("t1", "and now?", "done")] });
      await loop.runOnce();
      clock.now += IDLE_MS + 1;
      await loop.runOnce();
      expect(seen).toHaveLength(3);
      expect(seen[2]).toEqual(["hi", "no", "done"]);
      await loop.stop();
      await store.close();
    });

    it("are sampled by their own id, with all their traces", async () => {
      const store = await open!();
      const threads = Array.from({ length: 40 }, (_, i) => `thread-${i}`);
      // A turn of its own for each, so that some traces of a chosen thread fall on the other side.
      const spans = threads.flatMap((id) => [0, 1, 2].map((i) => turn(id, "go on", `${id}/${i}`, clock.now - 300 + i)));
      await store.spanIngest({ spans });
      const seen: string[][] = [];
      await using loop = loopOver(store, seen, { sample: 0.3 });
      await loop.runOnce();
      clock.now += IDLE_MS + 1;
      await loop.runOnce();
      const chosen = threads.filter((id) => isSampled(id, 0.3));
      expect(chosen.length).toBeGreaterThan(3);
      expect(chosen.length).toBeLessThan(40);
      expect(new Set(seen.map(String))).toEqual(new Set(chosen.map((id) => `${id}/0,${id}/1,${id}/2`)));
      expect(seen).toHaveLength(chosen.length);
      await loop.stop();
      await store.close();
    });

    it("are judged whole when one of their traces always is", async () => {
      const store = await open!();
      const out = Array.from({ length: 99 }, (_, i) => `quiet-${i}`).filter((id) => !isSampled(id, 0.01));
      const [angry, calm] = [out[0]!, out[1]!];
      await store.spanIngest({ spans: [turn(angry, "hello", "hi", clock.now - 300), turn(calm, "hello", "hi")] });
      const seen: string[][] = [];
      const always = (trace: Trace) => trace.root.inputs["question"] === "no!";
      await using loop = loopOver(store, seen, { sample: { rate: 0.01, always } });
      await loop.runOnce();
      await store.spanIngest({ spans: [turn(angry, "no!", "sorry")] });
      await loop.runOnce();
      clock.now += IDLE_MS + 1;
      await loop.runOnce();
      expect(seen).toEqual([["hi", "sorry"]]);
      await loop.stop();
      await store.close();
    });

    it("are kept for whoever runs next", async () => {
      const store = await open!();
      const seen: string[][] = [];
      await store.spanIngest({ spans: [turn("t1", "hello", "done")] });
      const first = loopOver(store, seen);
      await first.runOnce();
      await first.stop();
      clock.now += IDLE_MS + 1;
      await using second = loopOver(store, seen);
      const judged = new Promise((resolve) => second.on("conversation:judged", resolve));
      await second.start();
      expect(await judged).toMatchObject({ threadId: "t1", verdict: { outcome: "pass", key: null } });
      expect(seen).toEqual([["done"]]);
      await second.stop();
      await store.close();
    });
  });
}
