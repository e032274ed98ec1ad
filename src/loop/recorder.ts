import { LoopsmithError } from "../model/errors.ts";
import type { VerdictRecord } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";

interface Waiting {
  record: VerdictRecord;
  resolve: (recorded: boolean) => void;
  reject: (error: unknown) => void;
}

/** Records written in one transaction at most; keeps the time others wait for the writer short. */
const MAX_RECORDS = 200;
/** Nobody's record can be written then, so none is tried alone. */
const EVERYBODYS = new Set(["unavailable", "storage_full"]);

/**
 * Writes verdicts down together: all that are ready while one transaction commits share the next one. Resolves to whether
 * the verdict was recorded, once it is durable; one that the database refuses does not take the others with it.
 */
export function createRecorder(store: Pick<Store, "verdictRecord">): (record: VerdictRecord) => Promise<boolean> {
  let waiting: Waiting[] = [];
  let running = false;

  async function write(batch: readonly Waiting[]): Promise<void> {
    try {
      const recorded = await store.verdictRecord({ records: batch.map(({ record }) => record) });
      for (const { record, resolve } of batch) resolve(recorded.has(record.verdict.id));
    } catch (error) {
      const shared = LoopsmithError.isInstance(error) && EVERYBODYS.has(error.code);
      if (batch.length > 1 && !shared) for (const one of batch) await write([one]);
      else for (const { reject } of batch) reject(error);
    }
  }

  async function drain(): Promise<void> {
    // Whoever becomes ready in this turn joins.
    await new Promise<void>((next) => setImmediate(next));
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_RECORDS);
      waiting = waiting.slice(MAX_RECORDS);
      await write(batch);
    }
    running = false;
  }

  return (record) =>
    new Promise((resolve, reject) => {
      waiting.push({ record, resolve, reject });
      if (running) return;
      running = true;
      void drain();
    });
}
