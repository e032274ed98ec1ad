import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import type { SpanWrite } from "../../src/model/span-write.ts";
import { applyRetention, createServer } from "../../src/server/index.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { Store } from "../../src/store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-retention-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.parse("2026-11-20T00:00:00Z");
const now = (): number => NOW;
let databases = 0;
const open = (): Promise<Store> => openStore({ dataDir: join(folder, String(databases++)) });

/** A trace that began so many days ago; returns its root's id. */
async function trace(store: Store, projectName: string, daysAgo: number, size = 3): Promise<string> {
  const traceId = newId();
  const spans = Array.from({ length: size }, (_, index): SpanWrite => ({
    op: "post",
    id: index === 0 ? traceId : newId(),
    traceId,
    parentId: index === 0 ? null : traceId,
    projectName,
    name: "span",
    kind: "chain",
    startAt: NOW - daysAgo * DAY_MS,
    endAt: NOW,
    inputs: Buffer.alloc(1000, 32),
  }));
  const attachments = [{ spanId: traceId, name: "a", mimeType: "text/plain", bytes: Buffer.from("x") }];
  await store.spanIngest({ spans, attachments, feedback: [{ id: newId(), runId: traceId, key: "k", score: 1 }] });
  return traceId;
}

async function left(store: Store, name: string): Promise<string[]> {
  const project = await store.projectGet({ name });
  const page = await store.spanQuery({
    projectIds: [project?.id ?? ""],
    isRoot: true,
    order: "asc",
    limit: 1000,
    payloads: [],
  });
  return page.rows.map((row) => row.id);
}

it("deletes what is too old, with everything that belongs to it, and nothing else", async () => {
  await using store = await open();
  const old = await trace(store, "p", 31, 700);
  const young = await trace(store, "p", 29);
  expect(await applyRetention({ store, now, policy: { maxAgeDays: 30 } })).toBe(700);
  expect(await left(store, "p")).toEqual([young]);
  expect(await store.attachmentGet({ spanId: old, name: "a" })).toBeNull();
  expect(await store.feedbackList({ runIds: [old], limit: 1, offset: 0 })).toEqual([]);
  expect(await store.traceRead({ traceIds: [young] })).toMatchObject([{ spans: [{}, {}, {}] }]);
  expect(await applyRetention({ store, now, policy: { maxAgeDays: 30 } })).toBe(0);
});

it("deletes the oldest until the project fits", async () => {
  await using store = await open();
  for (let daysAgo = 20; daysAgo > 0; daysAgo--) await trace(store, "p", daysAgo);
  const project = await store.projectGet({ name: "p" });
  const before = await store.projectBytes({ projectId: project?.id ?? "" });
  expect(before).toBeGreaterThan(20 * 3 * 1000);
  const newest = (await left(store, "p")).slice(-5);
  await applyRetention({ store, now, policy: { maxBytes: (before / 20) * 5 } });
  expect(await left(store, "p")).toEqual(newest);
});

it("lets a project have its own policy, and keeps what waits for review", async () => {
  await using store = await open();
  const kept = await trace(store, "kept", 400);
  const own = await trace(store, "own", 10);
  const reviewed = await trace(store, "own", 11);
  const project = await store.projectGet({ name: "own" });
  await store.projectUpdate({ id: project?.id ?? "", extra: { retention: { max_age_days: 7 } } });
  const queue = await store.queueCreate({ name: "review" });
  const [item] = await store.queueItemAdd({ queueId: queue.id, items: [{ runId: reviewed }] });
  await applyRetention({ store, now });
  expect(await left(store, "kept")).toEqual([kept]);
  expect(await left(store, "own")).toEqual([reviewed]);
  expect(own).not.toBe(reviewed);
  await store.queueItemUpdate({ queueId: queue.id, id: item?.id ?? "", status: "completed" });
  await applyRetention({ store, now });
  expect(await left(store, "own")).toEqual([]);
});

it.each([[{ max_age_days: -7 }], ["soon"], [{ maxAgeDays: 7 }], [{ max_bytes: "1 GB" }]])(
  "refuses the policy %j, which would not be kept",
  async (retention) => {
    await using store = await open();
    const server = createServer({ store });
    const send = async (method: string, path: string, body: object): Promise<number> => {
      const init = { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      return (await server.fetch(new Request(`http://localhost${path}`, init))).status;
    };
    await trace(store, "refused", 1);
    const project = await store.projectGet({ name: "refused" });
    expect(await send("PATCH", `/sessions/${project?.id ?? ""}`, { extra: { retention } })).toBe(400);
    expect(await send("POST", "/sessions", { name: "new", extra: { retention } })).toBe(400);
    const good = { extra: { retention: { max_age_days: 7, max_bytes: 1e9 } } };
    expect(await send("PATCH", `/sessions/${project?.id ?? ""}`, good)).toBe(200);
  },
);

it("gives new traces the room of old ones, without rewriting the file", async () => {
  const dataDir = join(folder, "reuse");
  const fill = async (store: Store, daysAgo: number): Promise<void> => {
    for (let count = 0; count < 12; count++) await trace(store, "p", daysAgo, 300);
  };
  const size = async (work: (store: Store) => Promise<void>): Promise<number> => {
    const store = await openStore({ dataDir });
    await work(store);
    // Closing moves what is in the log into the file.
    await store.close();
    const files = readdirSync(dataDir).filter((name) => name.endsWith(".db"));
    return files.reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0);
  };
  const full = await size((store) => fill(store, 31));
  const emptied = await size(async (store) => {
    expect(await applyRetention({ store, now, policy: { maxAgeDays: 30 } })).toBe(12 * 300);
  });
  const refilled = await size((store) => fill(store, 1));
  expect(full).toBeGreaterThan(12 * 300 * 1000);
  expect(emptied).toBeLessThan(full * 1.1);
  expect(refilled).toBeLessThan(full * 1.1);
});
