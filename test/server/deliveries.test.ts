import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createFeedbackLoop } from "../../src/loop.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { createServer } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { rootWrite } from "../contract/span-writes.ts";

const KEY = "secret-key";

it("lists, shows and replays dead letters over HTTP, to whoever has the key", async () => {
  await using store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-dead-")), "d.db") });
  const server = createServer({ store, apiKey: KEY });
  const ask = async (path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> => {
    const response = await server.fetch(`http://localhost/api/loopsmith/deliveries${path}`, {
      headers: { "x-api-key": KEY, "content-type": "application/json" },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
  let isBroken = true;
  await using loop = createFeedbackLoop({
    client: server,
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
    settleMs: 0,
    onFailure: () => ({ action: "custom", name: "page" }),
    actions: {
      page: () => (isBroken ? { status: "dead", reason: "the pager is off" } : { status: "delivered" }),
    },
  });
  const now = Date.now();
  await store.spanIngest({ spans: [rootWrite({ startAt: now, endAt: now })] });
  await loop.runOnce();

  const { json } = await ask("?state=dead");
  const [dead] = json["deliveries"] as Delivery[];
  expect(json["counts"]).toEqual([{ kind: "custom", state: "dead", count: 1 }]);
  expect(dead).toMatchObject({ state: "dead", attempts: 1, lastError: "the pager is off" });
  expect((await ask(`/${dead?.id}`)).json).toEqual({ delivery: dead });
  expect((await ask("/nobody")).status).toBe(404);
  expect((await ask("?loop=nobody")).status).toBe(404);
  expect((await ask("/replay", {})).status).toBe(400);
  expect((await ask("/replay", { since: "2000-01-01", until: "2000-01-02" })).json).toEqual({ replayed: 0 });
  expect((await ask("/replay", { all: true, kind: "webhook" })).json).toEqual({ replayed: 0 });

  isBroken = false;
  expect((await ask("/replay", { ids: [dead?.id] })).json).toEqual({ replayed: 1 });
  await loop.runOnce();
  expect((await ask("?state=delivered")).json["deliveries"]).toMatchObject([{ id: dead?.id, state: "delivered" }]);
  expect((await server.fetch("http://localhost/api/loopsmith/deliveries")).status).toBe(401);
});
