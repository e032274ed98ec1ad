import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createFeedbackLoop } from "../../src/loop.ts";
import { createServer } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { rootWrite } from "../contract/span-writes.ts";

it("tells a stalled loop from a sound one, to people and to Prometheus", async () => {
  const clock = { now: Date.now() };
  await using store = await sqliteStore({
    path: join(mkdtempSync(join(tmpdir(), "loopsmith-health-")), "h.db"),
    now: () => clock.now,
  });
  const server = createServer({ store });
  const get = (path: string): Promise<Response> => server.fetch(`http://localhost${path}`);
  await using loop = createFeedbackLoop({
    client: server,
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
    settleMs: 0,
  });
  await store.spanIngest({ spans: [rootWrite({ startAt: clock.now, endAt: clock.now })] });
  await loop.runOnce();
  await loop.start();
  await vi.waitFor(async () => expect((await loop.status()).workers).toHaveLength(1));
  expect((await get("/healthz")).status).toBe(200);
  const metrics = await (await get("/metrics")).text();
  expect(metrics).toContain('loopsmith_verdicts{loop="contract",project="contract",outcome="fail"} 1');
  expect(metrics).toContain("# TYPE loopsmith_lag_seconds gauge");

  const [row] = await store.loopList();
  const loopId = row?.id ?? "";
  const gauge = /^loopsmith_heartbeat_timestamp_seconds\{loop="contract",project="contract",worker="[^"]+"\} \d/m;
  expect(metrics).toMatch(gauge);
  // As after kill -9: nobody said goodbye.
  const alive = await store.cursorGet({ name: `heartbeat/${loopId}` });
  await loop.stop();
  expect(await (await get("/healthz")).json()).toMatchObject({ loops: [{ workers: 0, silent_ms: null }] });
  await store.cursorSet({ name: `heartbeat/${loopId}`, value: alive ?? {} });
  expect((await get("/healthz")).status).toBe(200);
  clock.now += 61_000;
  const silent = await get("/healthz");
  expect(silent.status).toBe(503);
  expect(await silent.json()).toMatchObject({ loops: [{ status: "stalled", lag_ms: 0, workers: 1 }] });
  // Another one has taken over, and the dead one is not missed any more, whether or not the other one stays.
  await using successor = createFeedbackLoop({
    client: server,
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
  });
  await successor.start();
  await vi.waitFor(async () => expect((await get("/healthz")).status).toBe(200));
  expect((await successor.status()).workers).toHaveLength(1);
  await successor.stop();
  expect(await (await get("/healthz")).json()).toMatchObject({ loops: [{ workers: 0, silent_ms: null }] });
  // Nobody has: it is missed for an hour.
  await store.cursorSet({ name: `heartbeat/${loopId}`, value: alive ?? {} });
  clock.now += 3_500_000;
  expect((await get("/healthz")).status).toBe(503);
  clock.now += 100_000;
  expect((await get("/healthz")).status).toBe(200);

  const head = {
    traceId: "01a20000-0000-7000-8000-000000000000",
    startAt: clock.now,
    rootEndAt: clock.now,
    changedAt: clock.now,
  };
  await store.ledgerEnrol({ loopId, heads: [{ ...head, dueAt: clock.now }] });
  clock.now += 120_000;
  const health = await get("/healthz");
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({
    status: "stalled",
    loops: [{ loop: "contract", waiting: 1, lag_ms: 120_000 }],
  });
});
