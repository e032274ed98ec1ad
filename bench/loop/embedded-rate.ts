import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFeedbackLoop } from "../../src/loop.ts";
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
  traces: number;
}

/** The loop inside the server's process, and what users write today against the same server. */
export async function embeddedAndScript(options: {
  traces: number;
  scriptTraces: number;
}): Promise<{ embedded: EmbeddedRate; script: ScriptRate }> {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-loop-bench-"));
  const store = await openStore({ dataDir: folder });
  const server = createServer({ store });
  const listening = await listen(server, { port: 0 });
  try {
    const send = async (project: string, traces: number): Promise<void> => {
      let left = traces;
      const sender = async (): Promise<void> => {
        while (left > 0) {
          const size = Math.min(BATCH, left);
          left -= size;
          const { body } = askBatch(project, size);
          const init = { method: "POST", body, headers: { "content-type": "application/json" } };
          const response = await server.fetch("http://localhost/runs/batch", init);
          if (!response.ok) throw new Error(`ingest answered ${response.status}: ${await response.text()}`);
        }
      };
      await Promise.all(Array.from({ length: SENDERS }, sender));
    };
    let judged = 0;
    const loop = createFeedbackLoop({
      client: server,
      projectName: "embedded",
      evaluator: () => ({ key: "ok", score: 1 }),
      threshold: 0.5,
      settleMs: 0,
      waitForProject: true,
      concurrency: BATCH,
    });
    loop.on("trace:judged", () => (judged += 1));
    await store.projectEnsure({ name: "embedded" });
    await loop.start();
    const warmUp = Math.ceil(options.traces / 10);
    await send("embedded", warmUp);
    await until(() => judged >= warmUp);
    const startedAt = performance.now();
    await send("embedded", options.traces);
    const arrivedMs = performance.now() - startedAt;
    await until(() => judged >= warmUp + options.traces);
    const tookMs = performance.now() - startedAt;
    await loop.stop();
    const embedded = {
      tracesPerSecond: perSecond(options.traces, tookMs),
      arrivedPerSecond: perSecond(options.traces, arrivedMs),
      traces: options.traces,
    };
    await send("script", options.scriptTraces);
    const script = await scriptRate({ url: listening.url, project: "script", traces: options.scriptTraces });
    return { embedded, script };
  } finally {
    await listening.close({ graceMs: 1000 });
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function perSecond(count: number, ms: number): number {
  return Math.round((count / ms) * 1e4) / 10;
}
