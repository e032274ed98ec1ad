import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { defineEvaluator } from "../src/evaluator/index.ts";
import { createEmitter } from "../src/loop/events.ts";
import { startHeartbeat } from "../src/loop/heartbeat.ts";
import { loopStatus } from "../src/loop/loop-status.ts";
import { createJudge } from "../src/loop/judge/judge-due.ts";
import { openLoop } from "../src/loop/open-loop.ts";
import { resolveOptions } from "../src/loop/resolve-options.ts";
import { sweep } from "../src/loop/tail/sweep.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import { createServer } from "../src/server/index.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { rootWrite } from "./contract/span-writes.ts";
import { newId } from "../src/model/id.ts";

/** As a provider's own client throws it. */
function status(code: number, message: string): Error {
  return Object.assign(new Error(`${code} ${message}`), { status: code });
}

const away = new LoopsmithError("unavailable", "the provider is away", { hint: "Wait." });

it.each([
  [new LoopsmithError("unauthorized", "the key is wrong", { hint: "Look at the key." }), 1],
  [status(401, "Incorrect API key provided"), 1],
  [status(402, "Payment Required"), 1],
  [status(403, "Forbidden"), 1],
  [status(429, "You exceeded your current quota, please check your plan and billing details."), 1],
  [status(503, "overloaded"), 5],
  [away, 5],
] as const)("pauses an evaluator whose provider says %s, loses no attempt, and resumes", async (said, calls) => {
  const clock = { now: Date.now() };
  const path = join(mkdtempSync(join(tmpdir(), "loopsmith-breaker-")), "b.db");
  await using store = await sqliteStore({ path, now: () => clock.now });
  let says: Error | null = said;
  let called = 0;
  const evaluator = defineEvaluator({
    name: "paid",
    evaluate: () => {
      called += 1;
      if (says) throw says;
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

  const heartbeat = startHeartbeat(store, loop.loopId, {
    lastSweepAt: () => null,
    paused: () => loop.breaker.pauses(),
    onError: () => undefined,
  });
  const standing = { running: true, lastSweepAt: null, lastError: null };
  const known = { id: loop.loopId, name: "contract", projectName: "contract" };
  await vi.waitFor(async () => {
    const { paused } = await loopStatus(store, known, standing);
    expect(paused).toMatchObject([{ evaluator: "paid", until: clock.now + 30_000 }]);
    expect(paused[0]?.reason).toContain(said.message);
  });
  await heartbeat.stop();

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
