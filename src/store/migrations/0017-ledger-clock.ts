import type { Migration } from "./migration.ts";

/** By whose clock a trace is known to have changed: what a platform and a store say cannot be compared. */
export const ledgerClock: Migration = {
  name: "0017-ledger-clock",
  statements: ({ text }) => [`alter table ledger add column clock ${text}`],
};
