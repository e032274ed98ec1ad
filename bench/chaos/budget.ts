import { join } from "node:path";
import { defineEvaluator } from "../../src/evaluator/index.ts";
import { createFeedbackLoop } from "../../src/loop.ts";
import { createServer } from "../../src/server/index.ts";
import type { Store } from "../../src/store/store.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { askBatch } from "../loop/ask-batch.ts";
import type { Scenario } from "./scenario.ts";

const HOUR = 3_600_000;
const PARALLEL = 50;
const CALLS_PER_HOUR = 37;

/** Fifty calls at once against hourly limits of calls and dollars; what was refused is done in later windows. */
export const budgetOvershoot: Scenario = {
  name: "budget",
  async run({ quick, broken, folder, random }) {
    const traces = quick ? 100 : 400;
    const clock = { now: Math.floor(Date.now() / HOUR) * HOUR + 60_000 };
    await using real = await sqliteStore({ path: join(folder, "b.db"), now: () => clock.now });
    const store = broken ? { ...real, budgetReserve: checkThenTake(real) } : real;
    const server = createServer({ store });
    for (let sent = 0; sent < traces; sent += 50) {
      const { body } = askBatch("budget", 50);
      await server.fetch("http://localhost/runs/batch", { method: "POST", body });
    }
    const inWindow = new Map<number, { calls: number; usd: number }>();
    const judged = new Map<string, number>();
    const judge = defineEvaluator({
      name: "judge",
      cost: { usd: 0.01 },
      evaluate: async ({ run }) => {
        const window = Math.floor(clock.now / HOUR);
        const used = inWindow.get(window) ?? { calls: 0, usd: 0 };
        const usd = 0.005 + random() * 0.005;
        inWindow.set(window, { calls: used.calls + 1, usd: used.usd + usd });
        judged.set(run.id, (judged.get(run.id) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 1 + random() * 3));
        return { key: "ok", score: 1, cost: { usd } };
      },
    });
    const limit = { calls: CALLS_PER_HOUR, usd: 0.3 };
    await using loop = createFeedbackLoop({
      client: server,
      projectName: "budget",
      evaluator: judge,
      threshold: 0.5,
      settleMs: 0,
      concurrency: PARALLEL,
      learn: false,
      budgets: [
        { per: "hour", calls: limit.calls },
        { evaluator: "judge", per: "hour", usd: limit.usd },
      ],
    });
    let windows = 0;
    for (; judged.size < traces && windows < traces; windows += 1) {
      await loop.backfill({ since: new Date(0) });
      clock.now += HOUR;
    }
    let overshotCalls = 0;
    let overshotUsd = 0;
    for (const { calls, usd } of inWindow.values()) {
      overshotCalls += Math.max(0, calls - limit.calls);
      overshotUsd += Math.max(0, usd - limit.usd);
    }
    const doubled = [...judged.values()].reduce((sum, count) => sum + count - 1, 0);
    const lost = traces - judged.size;
    const ok = overshotCalls === 0 && overshotUsd < 1e-9 && lost === 0 && doubled === 0;
    return { points: traces, lost, doubled, corrupt: 0, ok, details: { windows, overshotCalls, overshotUsd, limit } };
  },
};

/** The negative control: looks first and takes afterwards, as spend caps elsewhere do. */
function checkThenTake(store: Store): Store["budgetReserve"] {
  return async ({ entries }) => {
    const used = await store.budgetUse({ keys: entries.map(({ key }) => key), from: 0 });
    const full = entries.find(({ key, windowStart, amount, limit }) => {
      const use = used.find((row) => row.key === key && row.windowStart === windowStart);
      const [calls, usd] = [use?.calls ?? 0, use?.usdMicros ?? 0];
      return calls + amount.calls > (limit.calls ?? Infinity) || usd + amount.usdMicros > (limit.usdMicros ?? Infinity);
    });
    if (full) return full.key;
    await new Promise((resolve) => setTimeout(resolve, 2));
    await store.budgetReserve({ entries: entries.map((entry) => ({ ...entry, limit: {} })) });
    return null;
  };
}
