import type { Evaluator } from "../evaluator.ts";
import type { Score } from "../../model/score.ts";
import { fenceFor } from "./fence.ts";
import { startIsolated, type IsolatedProcess } from "./isolated-process.ts";
import { resolveIsolation, type IsolationOptions } from "./isolation-options.ts";
import type { IsolatedModule } from "./protocol.ts";

/** Processes kept ready between calls; more are started while more calls are under way. */
const MAX_IDLE = 4;

/**
 * Answers calls in processes of their own, each call alone in one. A process is used again until it did not answer, its
 * call was aborted, or it is old.
 *
 * @throws LoopsmithError `not_implemented` when what was asked for cannot be enforced here
 */
export function isolatedEvaluate(settings: IsolatedModule, options: IsolationOptions): Evaluator["evaluate"] {
  const resolved = resolveIsolation(options);
  const fence = fenceFor(resolved);
  const idle: IsolatedProcess[] = [];

  const take = (): IsolatedProcess => {
    for (let ready = idle.pop(); ready; ready = idle.pop()) if (ready.isAlive) return ready;
    return startIsolated(fence, settings, resolved);
  };
  const giveBack = (one: IsolatedProcess): void => {
    if (one.isAlive && one.calls < resolved.callsPerProcess && idle.length < MAX_IDLE) idle.push(one);
    else one.kill();
  };

  return async ({ trace, span, example, lineage, signal }) => {
    signal.throwIfAborted();
    const one = take();
    const kill = (): void => one.kill();
    signal.addEventListener("abort", kill, { once: true });
    try {
      return (await one.call({
        trace,
        spanId: span.id,
        ...(example && { example }),
        ...(lineage !== undefined && { lineage }),
      })) as Score[];
    } catch (error) {
      throw resolved.network ? error : withoutNetwork(error);
    } finally {
      signal.removeEventListener("abort", kill);
      giveBack(one);
    }
  };
}

/** What Node says where there is no network names neither the address nor why. */
const NO_NETWORK = /fetch failed|ENETUNREACH|EAI_AGAIN|ENOTFOUND|Connection error/;

function withoutNetwork(error: unknown): unknown {
  if (error instanceof Error && NO_NETWORK.test(error.message)) {
    error.message += "; its process has no network, which `isolate: { network: true }` grants";
  }
  return error;
}
