import { LoopsmithError } from "../../model/errors.ts";
import type { VerdictRecord } from "../../store/resource/ledger.ts";
import type { Store } from "../../store/store.ts";

interface Waiting {
  record: VerdictRecord;
  signal: AbortSignal | undefined;
  resolve: (recorded: boolean) => void;
  reject: (error: unknown) => void;
}

/** Records written in one transaction at most; keeps the time others wait for the writer short. */
const MAX_RECORDS = 200;
/** Nobody's record can be written then, so none is tried alone; all are tried again. */
const EVERYBODYS = new Set(["unavailable", "storage_full"]);
/**
 * How long a judged trace is held on to while the database is away. Its evaluators were paid: letting it go means to pay
 * them again when the lease has run out. What is written late is still fenced by the lease.
 */
const HOLD_MS = 20_000;
const RETRY_MS = 100;
const RETRY_CAP_MS = 2_000;

/**
 * Writes verdicts down together: all that are ready while one transaction commits share the next one. Resolves to whether
 * the verdict was recorded, once it is durable; one that the database refuses does not take the others with it. While the
 * database cannot be reached or has no space they are tried again, until `signal` is aborted.
 */
export function createRecorder(
  store: Pick<Store, "verdictRecord">,
): (record: VerdictRecord, signal?: AbortSignal) => Promise<boolean> {
  let waiting: Waiting[] = [];
  let running = false;

  async function write(batch: readonly Waiting[]): Promise<void> {
    const giveUpAt = performance.now() + HOLD_MS;
    for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_CAP_MS)) {
      try {
        const recorded = await store.verdictRecord({ records: batch.map(({ record }) => record) });
        for (const { record, resolve } of batch) resolve(recorded.has(record.verdict.id));
        return;
      } catch (error) {
        const isShared = LoopsmithError.isInstance(error) && EVERYBODYS.has(error.code);
        const isLate = performance.now() > giveUpAt || batch.some(({ signal }) => signal?.aborted === true);
        if (isShared && !isLate) await new Promise((next) => setTimeout(next, pauseMs));
        else if (isShared || batch.length === 1) return batch.forEach(({ reject }) => reject(error));
        else {
          for (const one of batch) await write([one]);
          return;
        }
      }
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

  return (record, signal) =>
    new Promise((resolve, reject) => {
      waiting.push({ record, signal, resolve, reject });
      if (running) return;
      running = true;
      void drain();
    });
}
