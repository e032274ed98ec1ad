import type { Hono } from "hono";
import { SILENT_MS } from "../../loop/heartbeat.ts";
import { loopStatus, type LoopStatus } from "../../loop/loop-status.ts";
import type { ServerContext } from "../server-context.ts";

/** A loop that has waited longer than this for its oldest due trace is stalled. */
const STALLED_MS = 60_000;

/**
 * `GET /healthz`: 200 while the store answers and no loop is stalled, else 503, with the reason a loop. `GET /metrics`: the
 * same figures for Prometheus (text format 0.0.4).
 */
export function healthRoutes(app: Hono, context: ServerContext): void {
  app.get("/healthz", async (c) => {
    const loops = await statuses(context);
    const stalled = loops.filter(isStalled);
    const report = {
      status: stalled.length === 0 ? "ok" : "stalled",
      loops: loops.map((status) => ({
        loop: status.loop,
        project: status.project,
        status: isStalled(status) ? "stalled" : "ok",
        waiting: status.waiting,
        lag_ms: Math.round(status.lagMs),
        workers: status.workers.length,
        silent_ms: status.silentMs === null ? null : Math.round(status.silentMs),
      })),
    };
    return c.json(report, stalled.length === 0 ? 200 : 503);
  });

  app.get("/metrics", async (c) => {
    return c.text(metricsText(await statuses(context)), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    });
  });
}

async function statuses({ store }: ServerContext): Promise<LoopStatus[]> {
  const live = { running: false, lastSweepAt: null, lastError: null };
  return Promise.all((await store.loopList()).map((loop) => loopStatus(store, loop, live)));
}

/** Work waits, or whoever should look for work has not been heard of and did not say goodbye. */
function isStalled({ lagMs, silentMs }: LoopStatus): boolean {
  return lagMs > STALLED_MS || (silentMs !== null && silentMs > SILENT_MS);
}

interface Metric {
  name: string;
  help: string;
  type: "gauge" | "counter";
  samples: (status: LoopStatus) => { labels?: Record<string, string>; value: number }[];
}

const METRICS: readonly Metric[] = [
  {
    name: "loopsmith_lag_seconds",
    help: "How long the oldest due trace has been waiting to be judged.",
    type: "gauge",
    samples: ({ lagMs }) => [{ value: lagMs / 1000 }],
  },
  {
    name: "loopsmith_heartbeat_timestamp_seconds",
    help: "When a worker of the loop last said that it lives.",
    type: "gauge",
    samples: ({ workers }) =>
      workers.map(({ id, heartbeatAt }) => ({ labels: { worker: id }, value: heartbeatAt / 1000 })),
  },
  {
    name: "loopsmith_sweep_timestamp_seconds",
    help: "When a worker of the loop last looked for traces.",
    type: "gauge",
    samples: ({ lastSweepAt }) => (lastSweepAt === null ? [] : [{ value: lastSweepAt / 1000 }]),
  },
  {
    name: "loopsmith_evaluator_paused_until_timestamp_seconds",
    help: "Until when an evaluator is not asked, because its provider refuses or is away.",
    type: "gauge",
    samples: ({ paused }) => paused.map(({ evaluator, until }) => ({ labels: { evaluator }, value: until / 1000 })),
  },
  {
    name: "loopsmith_traces",
    help: "Traces by where they stand in the loop.",
    type: "gauge",
    samples: ({ traces }) => Object.entries(traces).map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: "loopsmith_verdicts",
    help: "Newest verdicts by outcome.",
    type: "gauge",
    samples: ({ verdicts }) => Object.entries(verdicts).map(([outcome, value]) => ({ labels: { outcome }, value })),
  },
  {
    name: "loopsmith_deliveries",
    help: "Deliveries by kind and state.",
    type: "gauge",
    samples: ({ deliveries }) =>
      deliveries.map(({ kind, state, count }) => ({ labels: { kind, state }, value: count })),
  },
];

function metricsText(loops: readonly LoopStatus[]): string {
  return METRICS.map(({ name, help, type, samples }) => {
    const lines = loops.flatMap((status) =>
      samples(status).map(({ labels = {}, value }) => {
        const all = { loop: status.loop, project: status.project, ...labels };
        const text = Object.entries(all).map(([key, label]) => `${key}="${escaped(label)}"`);
        return `${name}{${text.join(",")}} ${value}`;
      }),
    );
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
  }).join("");
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
