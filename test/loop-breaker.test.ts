import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defineEvaluator } from "../src/evaluator/index.ts";
import { createEmitter } from "../src/loop/events.ts";
import { createJudge } from "../src/loop/judge/judge-due.ts";
import { openLoop } from "../src/loop/open-loop.ts";
import { resolveOptions } from "../src/loop/options.ts";
import { sweep } from "../src/loop/tail/sweep.ts";
import { LoopsmithError, type ErrorCode } from "../src/model/errors.ts";
import { createServer } from "../src/server/index.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { rootWrite } from "./contract/span-writes.ts";
import { newId } from "../src/model/id.ts";

it.each([
  ["unauthorized", 1],
  ["unavailable", 5],
] as const)("pauses an evaluator whose provider says %s, loses no attempt, and resumes", async (code, calls) => {
  const clock = { now: Date.now() };
  const path = join(mkdtempSync(join(tmpdir(), "loopsmith-breaker-")), "b.db");
  await using store = await sqliteStore({ path, now: () => clock.now });
  let says: ErrorCode | null = code;
  let called = 0;
  const evaluator = defineEvaluator({
    name: "paid",
    evaluate: () => {
      called += 1;
      if (says) throw new LoopsmithError(says, "the provider refuses", { hint: "Look at the key." });
      return 1;
    },
  });
  const client = createServer({ store });
  const declared = { client, projectName: "contract", evaluator, threshold: 0.5, settleMs: 0, concurrency: 1 };
  const options = resolveOptions({ ...declared, maxAttempts: 2, retryMs: 0 });
  const traces = Array.from({ length: 30 }, () => newId());
  await store.spanIngest({
    spans: traces.map((id) => rootWrite({ id, traceId: id, startAt: clock.now, endAt: clock.now })),
  });
  const loop = await openLoop(declared, options);
  const projectId = await loop.platform.projectId({ name: "contract" });
  const told: string[] = [];
  const emitter = createEmitter();
  emitter.on("error", ({ error }) => told.push(String(error)));
  const deps = { ...loop, projectId, options, emitter, onDeliveries: () => undefined };
  const judge = createJudge(deps);
  const { signal } = new AbortController();
  await sweep(deps, { startFrom: 0 });
  while ((await judge(signal)) > 0);
  expect(called).toBe(calls);
  expect(told.filter((message) => message.includes("is paused"))).toHaveLength(1);
  const row = await store.ledgerGet({ loopId: loop.loopId, traceId: traces[29] ?? "" });
  expect(row).toMatchObject({ state: "deferred", attempts: 0 });
  expect(row?.reason).toContain('the evaluator "paid" is paused, because');

  // One probe asks, fails, and the pause is twice as long.
  clock.now += 31_000;
  while ((await judge(signal)) > 0);
  expect(called).toBe(calls + 1);
  clock.now += 31_000;
  while ((await judge(signal)) > 0);
  expect(called).toBe(calls + 1);

  says = null;
  for (let minute = 0; minute < 5; minute += 1) {
    clock.now += 61_000;
    while ((await judge(signal)) > 0);
  }
  expect((await store.verdictCounts({ loopId: loop.loopId })).pass).toBe(traces.length);
});
