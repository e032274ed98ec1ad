import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFeedbackLoop } from "../../src/loop.ts";
import { newId } from "../../src/model/id.ts";
import { createServer, listen } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { childWrite, json, rootWrite, START } from "../contract/span-writes.ts";

describe("culprits over HTTP", () => {
  const root = rootWrite({ startAt: START, endAt: START + 1000, outputs: json({ good: "n" }) });
  const child = (name: string, at: number, error?: string): ReturnType<typeof childWrite> =>
    childWrite(root, {
      id: newId(),
      name,
      kind: "tool",
      startAt: START + at,
      endAt: START + at + 50,
      ...(error && { status: "error", error }),
    });
  const traceId = root.id;
  const [plan, search] = [child("plan", 10), child("search", 100, "no index")];
  const fine = rootWrite({ startAt: START, endAt: START + 1000, outputs: json({ good: "y" }) });
  let store: Store;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-culprits-")), "c.db") });
    const server = createServer({ store });
    ({ url, close } = await listen(server, { port: 0 }));
    await store.spanIngest({ spans: [root, plan, search, fine] });
    await using loop = createFeedbackLoop({
      client: server,
      projectName: "contract",
      evaluator: (run: { outputs?: Record<string, unknown> }) => ({
        key: "good",
        score: run.outputs?.["good"] === "y",
      }),
      threshold: 0.5,
      settleMs: 0,
      lookbackMs: 1e12,
    });
    await loop.runOnce();
  });
  afterAll(async () => {
    await close();
    await store.close();
  });

  async function ask(trace: string, body?: unknown): Promise<{ status: number; answer: Record<string, unknown> }> {
    const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/api/loopsmith/culprits/${trace}`, { headers, ...post });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  }
  const standing = async (runId: string): Promise<string[]> => {
    const rows = await store.feedbackList({ runIds: [runId], keys: ["loopsmith_culprit"], limit: 5, offset: 0 });
    return rows.map(({ comment }) => comment ?? "");
  };

  it("are read, confirmed and corrected, and what people said stands on the span", async () => {
    const { status, answer } = await ask(traceId);
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      trace: traceId,
      attribution: { method: "evidence", culprit: { spanId: search.id, name: "search" } },
      reason: null,
    });
    expect(await ask(traceId, {})).toMatchObject({ status: 200, answer: { confirmations: 1 } });
    expect(await standing(search.id)).toEqual(["confirmed"]);
    const corrected = await ask(traceId, { spanId: plan.id });
    expect(corrected).toMatchObject({ status: 200, answer: { trace: traceId, confirmations: 2 } });
    expect(await standing(plan.id)).toEqual(["corrected"]);
  });

  it("refuse what cannot be one", async () => {
    expect((await ask(fine.id)).status).toBe(404);
    expect((await ask(newId(), {})).status).toBe(404);
    expect((await ask(traceId, { spanId: newId() })).status).toBe(404);
    expect((await ask(traceId, { spanId: root.id })).status).toBe(400);
    expect((await ask(traceId, { spanId: 7 })).status).toBe(400);
  });
});
