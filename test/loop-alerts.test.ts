import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { messageOf } from "../src/destination/message.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import { clusterSizeOf } from "../src/loop/learn/cluster-size.ts";
import type { AlertNotification, AlertRule } from "../src/model/alert.ts";
import type { Delivery } from "../src/model/delivery.ts";
import { newId } from "../src/model/id.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { LOOP, verdictOf } from "./contract/exercise-ledger.ts";
import { recordVerdicts } from "./contract/record-verdicts.ts";
import { rootWrite } from "./contract/span-writes.ts";

const START = Date.parse("2026-11-01T00:00:00Z");
const HOUR = 3_600_000;

function openStore(clock: { now: number }): Promise<Store> {
  const path = join(mkdtempSync(join(tmpdir(), "loopsmith-alerts-")), "l.db");
  return sqliteStore({ path, now: () => clock.now });
}

const health = (evaluator: string): AlertRule => ({
  name: `health of ${evaluator}`,
  condition: { kind: "evaluator_health", evaluator },
  destinations: ["team"],
});

describe("alerts of a loop", () => {
  it("watch each evaluator by itself, send tests, and can be tried on the past", async () => {
    const clock = { now: START };
    await using store = await openStore(clock);
    const told: Delivery[] = [];
    const options = {
      client: { store, subscribe: () => () => {} },
      projectName: "contract",
      evaluator: [
        function broken(): number {
          throw new Error("no quota");
        },
        function fine(): number {
          return 1;
        },
      ],
      threshold: 0.5,
      settleMs: 0,
      maxAttempts: 1,
      lookbackMs: 1000 * HOUR,
      throttle: false as const,
      destinations: {
        team: {
          kind: "test",
          recording: false,
          deliver(delivery: Delivery) {
            told.push(delivery);
            return Promise.resolve({ status: "delivered" as const });
          },
        },
      },
    };
    expect(() => createFeedbackLoop({ ...options, alerts: [health("missing")] })).toThrow(/health of missing/);
    await using loop = createFeedbackLoop({ ...options, alerts: [health("broken"), health("fine")] });
    const notified: AlertNotification[] = [];
    loop.on("alert:notified", ({ notification }) => notified.push(notification));
    for (let round = 0; round < 4; round += 1) {
      const spans = Array.from({ length: 20 }, () => rootWrite({ startAt: clock.now, endAt: clock.now + 1 }));
      await store.spanIngest({ spans });
      clock.now += 60_000;
      await loop.backfill({ since: START - HOUR });
    }
    expect(notified.map(({ rule, kind }) => `${rule} ${kind}`)).toEqual(["health of broken fired"]);
    expect(notified[0]?.text).toMatch(/evaluator broken/);
    expect(told).toHaveLength(1);
    expect(await loop.alerts()).toMatchObject([
      { rule: health("broken"), phase: "firing", fired: 1, evaluatedAt: expect.any(Number) as number },
      { rule: health("fine"), phase: "ok", fired: 0, notifiedAt: null },
    ]);

    const [sent] = await loop.testAlert("health of fine");
    await loop.runOnce();
    expect(told.map(({ id }) => id)).toContain(sent?.id);
    await expect(loop.testAlert("no such")).rejects.toMatchObject({ code: "not_found" });

    const since = START;
    const preview = (rule: AlertRule) => loop.previewAlert(rule, { since, everyMs: 60_000 });
    expect(await preview(health("broken"))).toMatchObject({ fired: 1, notifications: [{ kind: "fired" }] });
    expect(await preview(health("fine"))).toMatchObject({ fired: 0, notifications: [] });
    const lag: AlertRule = { name: "lag", condition: { kind: "lag", aboveMs: 1 } };
    await expect(preview(lag)).rejects.toThrow(/lag/);
  });

  it.each([[false as const], [{}]])("fire at the end of a first finite run, with learning %j", async (learn) => {
    const clock = { now: START };
    await using store = await openStore(clock);
    const told: Delivery[] = [];
    const spans = Array.from({ length: 30 }, () => rootWrite({ startAt: clock.now, endAt: clock.now + 1 }));
    await store.spanIngest({ spans });
    await using loop = createFeedbackLoop({
      client: { store, subscribe: () => () => {} },
      projectName: "contract",
      name: "nightly",
      evaluator: () => {
        // Judging takes time; an evaluation over none would say nothing.
        clock.now += 1_000;
        return { key: "ok", score: 0, cost: { usd: 0.000248 } };
      },
      threshold: 0.5,
      settleMs: 0,
      learn,
      lookbackMs: 1000 * HOUR,
      destinations: {
        team: {
          kind: "test",
          recording: false,
          deliver(delivery: Delivery) {
            told.push(delivery);
            return Promise.resolve({ status: "delivered" as const });
          },
        },
      },
      alerts: [
        { name: "failures", condition: { kind: "failure_rate", baseline: 0.05 }, destinations: ["team"] },
        { name: "spend", condition: { kind: "spend", aboveUsd: 0.001 }, destinations: ["team"] },
      ],
    });
    await loop.runOnce();
    const messages = told.map(messageOf);
    expect(messages.map(({ title }) => title).sort()).toEqual(["failures fires", "spend fires"]);
    const spend = messages.find(({ title }) => title.startsWith("spend"));
    expect(spend?.text).toMatch(/cost \$0\.00\d+ in 24 h \(limit \$0\.001\)$/);
    const facts = Object.fromEntries(spend?.facts.map(({ label, value }) => [label, value]) ?? []);
    expect(facts).toMatchObject({
      Loop: "nightly",
      spent: expect.stringMatching(/^\$0\.00\d{1,2}$/) as string,
      above: "$0.001",
      per: "24 h",
    });
    await loop.runOnce();
    expect(told).toHaveLength(2);
  });

  it("take the size of clusters from what fails together", async () => {
    const clock = { now: START + HOUR };
    const sizeWhere = async (fails: (cluster: number, run: number) => boolean): Promise<number> => {
      await using store = await openStore(clock);
      const verdicts = Array.from({ length: 400 }, (_, index) => {
        const [cluster, run] = [Math.floor(index / 8), index % 8];
        const outcome = fails(cluster, run) ? ("fail" as const) : ("pass" as const);
        return verdictOf(newId(), { outcome, cluster: `session-${cluster}`, traceStartAt: START + index });
      });
      await recordVerdicts(store, verdicts);
      return clusterSizeOf(store, LOOP);
    };
    // Sessions of eight fail as one, or one run in each does.
    expect(await sizeWhere((cluster) => cluster % 4 === 0)).toBeCloseTo(8, 5);
    expect(await sizeWhere((cluster, run) => run === cluster % 8)).toBe(1);
    expect(await sizeWhere((cluster, run) => (cluster % 4 === 0 ? run < 6 : run < 1))).toBeGreaterThan(2);
  });
});
