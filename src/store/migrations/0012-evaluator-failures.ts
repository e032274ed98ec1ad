import type { Migration } from "./migration.ts";

/** Which evaluators failed on a trace, so that the health of each can be watched. */
export const evaluatorFailures: Migration = {
  name: "0012-evaluator-failures",
  statements: ({ text }) => [`alter table verdict add column failed_evaluators_json ${text}`],
};
