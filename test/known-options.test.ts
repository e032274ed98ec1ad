import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { rootWrite } from "./contract/span-writes.ts";

const given = { projectName: "contract", evaluator: () => ({ key: "faithfulness", score: 0 }), threshold: 0.5 };

/** What plain JavaScript may pass. */
function refusalOf(options: object): { message: string; hint: string } | null {
  try {
    createFeedbackLoop({ ...given, ...options } as unknown as FeedbackLoopOptions);
    return null;
  } catch (error) {
    if (LoopsmithError.isInstance(error)) return { message: error.message, hint: error.hint };
    throw error;
  }
}

describe("options", () => {
  it.each<[object, string, string]>([
    [{ onFail: () => null }, "onFail", "onFailure"],
    [{ treshold: 1 }, "treshold", "threshold"],
    [{ budgets: [{ per: "day", call: 1 }] }, "budgets[0].call", "calls"],
    [{ limits: { evaluator: {} } }, "limits.evaluator", "evaluators"],
    [{ limits: { evaluators: { x: { perMin: 1 } } } }, "limits.evaluators.x.perMin", "perMinute"],
    [{ throttle: { digestMS: 1 } }, "throttle.digestMS", "digestMs"],
    [{ sample: { rate: 1, allways: [] } }, "sample.allways", "always"],
    [{ learn: { windowsMs: 1 } }, "learn.windowsMs", "windowMs"],
    [{ blame: { maxReplay: 1 } }, "blame.maxReplay", "maxReplays"],
    [{ alerts: [{ name: "a", conditions: {} }] }, "alerts.a.conditions", "condition"],
    [{ alerts: [{ name: "a", condition: { kind: "spend", aboveUSD: 1 } }] }, "alerts.a.condition.aboveUSD", "aboveUsd"],
  ])("%j is refused with the name that was meant", (options, name, meant) => {
    const refusal = refusalOf(options);
    expect(refusal?.message).toBe(`there is no option ${name}`);
    expect(refusal?.hint).toContain(`Did you mean \`${meant}\`?`);
  });

  it("lists what there is where nothing is near, and refuses an alert of no known kind", () => {
    expect(refusalOf({ frobnicate: 1 })?.hint).toMatch(/^There are: client, projectName/);
    expect(refusalOf({ alerts: [{ name: "a", condition: { kind: "latency" } }] })?.hint).toContain("failure_rate");
  });

  it("are warned of when the threshold speaks of a key that no evaluator returns, once", async () => {
    const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-keys-")), "k.db") });
    await using _store = store;
    const now = Date.now() - 1_000;
    await store.spanIngest({ spans: [1, 2, 3].map(() => rootWrite({ startAt: now, endAt: now })) });
    const client = { store, subscribe: () => () => undefined };
    const warningsOf = async (threshold: Record<string, number>): Promise<string[]> => {
      const name = JSON.stringify(threshold);
      await using loop = createFeedbackLoop({ ...given, client, name, threshold, settleMs: 0, learn: false });
      const told: string[] = [];
      loop.on("error", ({ error }) => told.push(`${String(error)} ${(error as LoopsmithError).hint}`));
      for (let run = 0; run < 2; run += 1) await loop.runOnce();
      return told;
    };
    const [warning, second] = await warningsOf({ faithfullness: 0.5 });
    expect(warning).toMatch(/no evaluator returned "faithfullness" on the first 3 traces.* are: faithfulness\./);
    expect(second).toBeUndefined();
    expect(await warningsOf({ faithfulness: 0.5 })).toEqual([]);
  });
});
