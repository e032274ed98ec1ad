import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFeedbackLoop } from "../src/loop.ts";
import { newId } from "../src/model/id.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { childWrite, json, rootWrite, START } from "./contract/span-writes.ts";

/** A step that fails only in failing runs, without any sign on the span itself. */
async function traces(
  count: number,
): Promise<Parameters<Awaited<ReturnType<typeof sqliteStore>>["spanIngest"]>[0]["spans"]> {
  return Array.from({ length: count }, (_, index) => {
    const bad = index % 3 === 0;
    const at = START + index * 10_000;
    const root = rootWrite({
      startAt: at,
      endAt: at + 900,
      inputs: json({ q: `question ${index}` }),
      outputs: json({ a: bad ? "no" : "ok" }),
    });
    const step = (name: string, offset: number): ReturnType<typeof childWrite> =>
      childWrite(root, {
        id: newId(),
        name,
        kind: "tool",
        startAt: at + offset,
        endAt: at + offset + 50,
        dottedOrder: `${root.dottedOrder}.20261101T1000000${offset}000Z${newId()}`,
        inputs: json({ step: offset }),
        outputs: json({ done: true }),
      });
    return [root, step("plan", 10), ...(bad ? [step("guess", 20)] : [step("look_up", 20)]), step("write", 30)];
  }).flat();
}

describe("the ladder in a loop", () => {
  it("blames by history what no evidence on the span shows, and learns from confirmations", async () => {
    const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-blame-")), "b.db") });
    await using loop = createFeedbackLoop({
      client: { store, subscribe: () => () => {} },
      projectName: "contract",
      evaluator: (run: { outputs?: Record<string, unknown> }) => ({ key: "good", score: run.outputs?.["a"] === "ok" }),
      threshold: 0.5,
      settleMs: 0,
      lookbackMs: 1e12,
    });
    await store.spanIngest({ spans: await traces(90) });
    await loop.runOnce();
    await store.spanIngest({ spans: await traces(30) });
    const named: (string | undefined)[] = [];
    loop.on("failure:detected", ({ failure }) => named.push(failure.culprit?.name));
    await loop.runOnce();
    expect(named).toHaveLength(10);
    expect(named.filter((name) => name === "guess").length).toBeGreaterThanOrEqual(9);

    const [loopRow] = await store.loopList();
    const verdicts = await store.verdictList({ loopId: loopRow?.id ?? "", outcomes: ["fail"], limit: 100 });
    const verdict = verdicts.find((candidate) => candidate.attribution?.culprit);
    const spanId = verdict?.attribution?.culprit?.spanId ?? "";
    expect(await loop.confirmCulprit(verdict?.traceId ?? "")).toEqual({ confirmations: 1 });
    expect(
      await store.feedbackList({ runIds: [spanId], keys: ["loopsmith_culprit"], limit: 5, offset: 0 }),
    ).toHaveLength(1);
    await expect(loop.confirmCulprit(verdict?.traceId ?? "", newId())).rejects.toMatchObject({ code: "not_found" });
    await loop.stop();
    await store.close();
  });
});
