import { createFeedbackLoop, type FeedbackLoop } from "../../src/loop.ts";
import type { FeedbackLoopOptions } from "../../src/loop/options.ts";

export const PROJECT = "chaos";
export const QUEUE = "review";

export interface ChaosLoopOptions {
  client: FeedbackLoopOptions["client"];
  /** Where webhooks go. */
  receiver: string;
  /** Where the evaluator asks, and under which name; without it, the trace id decides. */
  judge?: string | undefined;
  name?: string | undefined;
  pollMs?: number | undefined;
}

/** Whether a trace fails under the evaluator that asks nobody: every fourth does. */
export function fails(traceId: string): boolean {
  return Number.parseInt(traceId.slice(-1), 16) % 4 === 0;
}

/** The loop of every scenario: a webhook and a queue item for each failing trace. */
export function chaosLoop(options: ChaosLoopOptions): FeedbackLoop {
  const { client, receiver, judge, name = "node", pollMs = 500 } = options;
  async function ask(traceId: string): Promise<number> {
    if (judge === undefined) return fails(traceId) ? 0 : 1;
    const response = await fetch(`${judge}/judge/${name}/${traceId}`, { method: "POST" });
    if (!response.ok) throw new Error(`the judge answered ${response.status}`);
    return ((await response.json()) as { score: number }).score;
  }
  return createFeedbackLoop({
    client,
    projectName: PROJECT,
    evaluator: async (run) => ({ key: "ok", score: await ask(run.id) }),
    threshold: 0.5,
    settleMs: 0,
    retryMs: 50,
    maxAttempts: 10,
    pollMs,
    waitForProject: true,
    learn: false,
    allowPrivateNetworks: true,
    onFailure: () => [
      { action: "webhook", url: `${receiver}/hook` },
      { action: "add_to_annotation_queue", queueName: QUEUE },
    ],
  });
}
