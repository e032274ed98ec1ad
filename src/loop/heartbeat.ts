import { Pump } from "../job/pump.ts";
import { newId } from "../model/id.ts";
import type { Pause } from "./judge/circuit-breaker.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { Store } from "../store/store.ts";

/** One process that watches for a loop. */
export interface LoopWorker {
  id: string;
  startedAt: number;
  /** When it last said that it lives. */
  heartbeatAt: number;
  /** Its last complete sweep. */
  lastSweepAt: number | null;
  /** Evaluators it has stopped asking for a while, and why. */
  paused: Pause[];
}

const BEAT_MS = 15_000;
/** One that was silent for longer has died, or its loop is stuck. */
export const SILENT_MS = 60_000;
/** One that never said goodbye, and that no other has replaced, is missed for this long. What waits for it stalls beyond that. */
const FORGET_MS = 60 * 60_000;

/**
 * Says in the store, again and again until stopped, that a worker of the loop lives. One that is stopped is not missed, and
 * one that fell silent no more once another lives: its leases run out before that.
 */
export function startHeartbeat(
  store: Store,
  loopId: string,
  { lastSweepAt, paused, onError }: Pulse,
): { stop(): Promise<void> } {
  const id = newId();
  const startedAt = store.now();
  const write = (own: LoopWorker | null): Promise<JsonObject> =>
    store.cursorUpdate({
      name: nameOf(loopId),
      update: (current) => {
        const now = store.now();
        const others = workersOf(current, now).filter(
          (worker) => worker.id !== id && (own === null || now - worker.heartbeatAt < SILENT_MS),
        );
        return { workers: (own ? [...others, own] : others) as unknown as JsonObject[] };
      },
    });
  const pump = new Pump({
    run: async () => {
      await write({ id, startedAt, heartbeatAt: store.now(), lastSweepAt: lastSweepAt(), paused: paused() });
      return 0;
    },
    idleMs: BEAT_MS,
    onError,
  });
  pump.start();
  return {
    async stop() {
      await pump.stop(0);
      await write(null).catch(onError);
    },
  };
}

/** The workers of a loop, the latest heard of first; those that ended properly are not among them. */
export async function loopWorkers(store: Store, loopId: string): Promise<LoopWorker[]> {
  const workers = workersOf(await store.cursorGet({ name: nameOf(loopId) }), store.now());
  return workers.sort((a, b) => b.heartbeatAt - a.heartbeatAt);
}

/** What a worker says of itself. */
interface Pulse {
  lastSweepAt: () => number | null;
  paused: () => Pause[];
  onError: (error: unknown) => void;
}

function nameOf(loopId: string): string {
  return `heartbeat/${loopId}`;
}

function workersOf(value: JsonObject | null, now: number): LoopWorker[] {
  const workers = Array.isArray(value?.["workers"]) ? value["workers"] : [];
  return workers
    .filter((worker) => isJsonObject(worker))
    .map((worker) => ({ ...(worker as unknown as LoopWorker), paused: (worker["paused"] ?? []) as unknown as Pause[] }))
    .filter(({ heartbeatAt }) => now - heartbeatAt < FORGET_MS);
}
