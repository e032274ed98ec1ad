import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFeedbackLoop } from "../src/loop.ts";
import { learn } from "../src/loop/learn/learn.ts";
import { createEmitter } from "../src/loop/events.ts";
import type { AlertRule } from "../src/model/alert.ts";
import type { Delivery } from "../src/model/delivery.ts";
import { loopIdOf } from "../src/model/id.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { childWrite, rootWrite } from "./contract/span-writes.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-01T00:00:00Z");

describe("learning", () => {
  it("follows a pattern from birth over confirmation to its fix, and tells about it", async () => {
    const clock = { now: START };
    const store = await sqliteStore({
      path: join(mkdtempSync(join(tmpdir(), "loopsmith-learn-")), "l.db"),
      now: () => clock.now,
    });
    const told: Delivery[] = [];
    const alerts: AlertRule[] = [
      {
        name: "patterns",
        condition: { kind: "pattern", on: ["pattern:new", "pattern:resolved"] },
        destinations: ["team"],
      },
    ];
    const loop = createFeedbackLoop({
      client: { store, subscribe: () => () => {} },
      projectName: "contract",
      evaluator: (run: { outputs?: Record<string, unknown> }) => ({
        key: "good",
        score: run.outputs?.["good"] === "y",
      }),
      threshold: 0.5,
      settleMs: 0,
      lookbackMs: 10_000 * HOUR,
      alerts,
      learn: { graceMs: 0 },
      destinations: {
        team: {
          kind: "test",
          recording: false,
          deliver(delivery) {
            told.push(delivery);
            return Promise.resolve({ status: "delivered" });
          },
        },
      },
    });
    const loopId = loopIdOf({ name: "contract", projectName: "contract" });
    const encoder = new TextEncoder();
    // Fifty traces an hour; those of the beta tier fail nine times in ten until the fix.
    const hour = async (fixed: boolean): Promise<void> => {
      const spans = Array.from({ length: 50 }, (_, index) => {
        const beta = index % 5 === 0;
        const bad = beta && !fixed ? index % 50 !== 0 : index % 25 === 1;
        const at = clock.now + index * 60_000;
        const root = rootWrite({
          startAt: at,
          endAt: at + 1000,
          metadata: { tier: beta ? "beta" : "stable" },
          outputs: encoder.encode(JSON.stringify({ good: bad ? "n" : "y" })),
        });
        return [root, childWrite(root, { startAt: at, endAt: at + 500 })];
      }).flat();
      await store.spanIngest({ spans });
      clock.now += HOUR;
      await loop.runOnce();
      const emitter = createEmitter();
      await learn({ store, loopId, emitter, alerts, options: { graceMs: 0 } });
    };
    const beta = async (): Promise<string | undefined> =>
      (await loop.issues()).find((issue) =>
        issue.predicates.some((p) => p.feature === "metadata.tier" && p.value === "beta"),
      )?.state;

    await hour(false);
    expect(await beta()).toBe("candidate");
    for (let count = 0; count < 6; count += 1) await hour(false);
    expect(await beta()).toMatch(/confirmed|stable|growing/);
    for (let count = 0; count < 24 * 5 && (await beta()) !== "resolved"; count += 1) await hour(true);
    expect(await beta()).toBe("resolved");
    expect(told.map((delivery) => delivery.action)).toContainEqual(
      expect.objectContaining({ action: "notify", destination: "team" }),
    );

    const [issue] = await loop.issues({ states: ["resolved"] });
    const assigned = await loop.actOnIssue(issue?.id ?? "", { do: "assign", to: "ada" }, "grace");
    expect(assigned.history.at(-1)).toMatchObject({ who: "grace", why: "assigned to ada" });
    await loop.stop();
    await store.close();
  }, 60_000);
});
