import type { LedgerStatements } from "../sql/ledger.ts";
import { claimRows, enrolHeads } from "./ledger-rows.ts";
import { toVerdictRows, writeVerdicts } from "./record-verdicts.ts";
import type { Connection } from "./statement-cache.ts";
import type { WriteThread } from "./write-thread.ts";

/** Fewer are written on this thread as long as the other one is not needed for anything else. */
const THREAD_FROM_ROWS = 32;

/** Written on the writing thread, where there is one and it is worth it. */
export function ledgerStatements(thread: WriteThread | null): LedgerStatements<Connection> {
  const threadFor = (rows: number): WriteThread | null =>
    thread?.isRunning || rows >= THREAD_FROM_ROWS ? thread : null;
  return {
    enrol: (db, params) =>
      threadFor(params.heads.length)?.run("enrol", params) ??
      db.write((transaction) => enrolHeads(transaction, params, db.now())),

    claim: (db, params) =>
      threadFor(0)?.run("claim", params) ??
      db.lease((transaction) => Promise.resolve(claimRows(transaction, params, db.now()))),

    record(db, records) {
      const rows = toVerdictRows(records, db.now());
      return (
        threadFor(rows.length)?.run("record", rows) ??
        db.write((transaction) => writeVerdicts(transaction, rows, db.now()))
      );
    },
  };
}
