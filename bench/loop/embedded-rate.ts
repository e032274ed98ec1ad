import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFeedbackLoop, type FeedbackLoop } from "../../src/loop.ts";
import { createServer, listen } from "../../src/server/index.ts";
import { openStore } from "../../src/store/open-store.ts";
import { askBatch } from "./ask-batch.ts";
import { scriptRate, type ScriptRate } from "./script-rate.ts";
import { until } from "./until.ts";

const BATCH = 100;
/** Requests under way at the same time, as from a few busy applications. */
const SENDERS = 4;

export interface EmbeddedRate {
  /** From the first request until the last verdict is recorded. */
  tracesPerSecond: number;
  /** Traces acknowledged a second while they arrived, the loop judging beside it. */
  arrivedPerSecond: number;
  /** Processor time of all threads of the process, which other work on the machine changes least. */
  cpuMicrosPerTrace: number;
  traces: number;
}

/** What `embeddedAndScript` measured. */
export interface LoopRates {
  embedded: EmbeddedRate;
  /** Like the script: the traces lie in the store when the clock starts, and none arrives. */
  stored: { tracesPerSecond: number; traces: number };
  script: ScriptRate;
}

/** The loop inside the server's process, and what users write today against the same server. */
export async function embeddedAndScript(options: { traces: number; scriptTraces: number }): Promise<LoopRates> {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-loop-bench-"));
  const store = await openStore({ dataDir: folder });
  const server = createServer({ store });
  const listening = await listen(server, { port: 0 });
  try {
    // Made beforehand: those who send are no part of what is measured, but share its main thread.
    const bodiesOf = (project: string, traces: number): string[] =>
      Array.from(
        { length: Math.ceil(traces / BATCH) },
        (_, index) => askBatch(project, Math.min(BATCH, traces - index * BATCH)).body,
      );
    const send = async (bodies: string[]): Promise<void> => {
      const sender = async (): Promise<void> => {
        for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
          const init = { method: "POST", body, headers: { "content-type": "application/json" } };
          const response = await server.fetch("http://localhost/runs/batch", init);
          if (!response.ok) throw new Error(`ingest answered ${response.status}: ${await response.text()}`);
        }
      };
      await Promise.all(Array.from({ length: SENDERS }, sender));
    };
    let judged = 0;
    const loopOver = async (projectName: string): Promise<FeedbackLoop> => {
      await store.projectEnsure({ name: projectName });
      const loop = createFeedbackLoop({
        client: server,
        projectName,
        evaluator: () => ({ key: "ok", score: 1 }),
        threshold: 0.5,
        settleMs: 0,
        concurrency: BATCH,
      });
      loop.on("trace:judged", () => (judged += 1));
      return loop;
    };
    const loop = await loopOver("embedded");
    await loop.start();
    const warmUp = Math.ceil(options.traces / 10);
    await send(bodiesOf("embedded", warmUp));
    await until(() => judged >= warmUp);
    const bodies = bodiesOf("embedded", options.traces);
    const startedAt = performance.now();
    const usedBefore = process.cpuUsage();
    await send(bodies);
    const arrivedMs = performance.now() - startedAt;
    await until(() => judged >= warmUp + options.traces);
    const tookMs = performance.now() - startedAt;
    const used = process.cpuUsage(usedBefore);
    await loop.stop();
    const embedded = {
      tracesPerSecond: perSecond(options.traces, tookMs),
      arrivedPerSecond: perSecond(options.traces, arrivedMs),
      cpuMicrosPerTrace: Math.round((used.user + used.system) / options.traces),
      traces: options.traces,
    };

    await send(bodiesOf("stored", options.traces));
    const overStored = await loopOver("stored");
    judged = 0;
    const storedAt = performance.now();
    await overStored.start();
    await until(() => judged >= options.traces);
    const stored = { tracesPerSecond: perSecond(options.traces, performance.now() - storedAt), traces: options.traces };
    await overStored.stop();

    await send(bodiesOf("script", options.scriptTraces));
    const script = await scriptRate({ url: listening.url, project: "script", traces: options.scriptTraces });
    return { embedded, stored, script };
  } finally {
    await listening.close({ graceMs: 1000 });
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function perSecond(count: number, ms: number): number {
  return Math.round((count / ms) * 1e4) / 10;
}
