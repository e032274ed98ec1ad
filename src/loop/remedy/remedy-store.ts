import { newId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { ExperimentJournal } from "../../remedy/experiment-journal.ts";
import type { RemedyStore } from "../../remedy/remedy-state.ts";
import type { RemedyRecordStore } from "../../store/resource/remedy.ts";
import { storedRemedy } from "./stored-remedy.ts";

/** Remedies remembered in the loop's own store, so that any process may go on with one. */
export function durableRemedyStore<C>(store: RemedyRecordStore, loopId = ""): RemedyStore<C> {
  return {
    async remedyRead({ id }) {
      const record = await store.remedyGet({ id });
      return record && storedRemedy<C>(record);
    },
    remedyWrite: ({ state, expectedVersion }) =>
      store.remedyPut({ id: state.id, loopId, state: state as unknown as JsonObject, expectedVersion }),
  };
}

/** What a remedy's calls came to, in the loop's own store: durable when a promise resolves, and seen by every worker. */
export function durableJournal(store: RemedyRecordStore, remedyId: string): ExperimentJournal {
  return {
    async get(key) {
      const call = await store.remedyCallGet({ remedyId, key });
      if (!call) return null;
      return call.result ? { state: "settled", result: call.result, usd: call.usd } : { state: "reserved" };
    },
    reserve: (key, maxUsd) => store.remedyCallReserve({ remedyId, key, maxUsd }),
    settle: (key, result, usd) => store.remedyCallSettle({ remedyId, key, result, usd }),
    spentUsd: async () => (await store.remedyCallTotals({ remedyId })).usd,
  };
}

const LEASE_MS = 30_000;

/** Works on a remedy while nobody else does; `null` when somebody else does. A crash keeps others away for half a minute. */
export async function whileLeased<T>(
  store: RemedyRecordStore,
  id: string,
  work: () => Promise<T>,
): Promise<{ result: T } | null> {
  const token = newId();
  const take = (): Promise<boolean> => store.remedyLease({ id, token, leaseMs: LEASE_MS });
  if (!(await take())) return null;
  // A renewal that fails is no error: every write of the state names the version it was made from.
  const timer = setInterval(() => void take().catch(() => undefined), LEASE_MS / 3);
  timer.unref();
  try {
    return { result: await work() };
  } finally {
    clearInterval(timer);
    await store.remedyRelease({ id, token });
  }
}
