import { Pool } from "pg";
import type { Store } from "../../src/store/store.ts";
import type { Broken, ChaosDatabase } from "./start-node.ts";

/** The store with a guarantee broken on purpose: what a scenario must notice, or it proves nothing. */
export function brokenStore(store: Store, broken: Broken | undefined, database: ChaosDatabase): Store {
  if (broken === "dual-write") return { ...store, verdictRecord: dualWrite(store) };
  if (broken === "never-reconnects") return neverReconnects(store);
  if (broken === "waits-for-locks" && "url" in database) return waitsForLocks(store, database);
  return store;
}

/** Writes the verdict first and its deliveries in a second step, as loops without an outbox do. */
function dualWrite(store: Store): Store["verdictRecord"] {
  return async ({ records }) => {
    const recorded = await store.verdictRecord({ records: records.map((record) => ({ ...record, deliveries: [] })) });
    const deliveries = records.flatMap((record) => (recorded.has(record.verdict.id) ? record.deliveries : []));
    setTimeout(() => void store.deliveryAdd({ deliveries }), 200);
    return recorded;
  };
}

/** Holds on to its first connection: once that fails, so does everything after it. */
function neverReconnects(store: Store): Store {
  let failure: unknown = null;
  const broken = { ...store } as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(store)) {
    if (typeof method !== "function" || name === "now" || name === "close") continue;
    broken[name] = async (...parameters: unknown[]): Promise<unknown> => {
      if (failure !== null) throw failure;
      try {
        return await (method as (...parameters: unknown[]) => Promise<unknown>)(...parameters);
      } catch (error) {
        failure = error;
        throw error;
      }
    };
  }
  return broken as unknown as Store;
}

/** Claims what others have locked instead of passing it by. */
function waitsForLocks(store: Store, { url, schema }: { url: string; schema: string }): Store {
  const pool = new Pool({ connectionString: url, max: 1, options: `-c search_path=${schema}` });
  pool.on("error", () => undefined);
  return {
    ...store,
    async ledgerClaim(params) {
      await pool.query("select 1 from ledger where state = 'settling' for update");
      return store.ledgerClaim(params);
    },
  };
}
