import type { Migration } from "./migration.ts";

/** What evaluators said about the same inputs, for all workers. */
export const evaluations: Migration = {
  name: "0014-evaluations",
  statements: ({ int, text }) => [
    `create table evaluation (key ${text} primary key, result_json ${text} not null, created_at ${int} not null)`,
    "create index evaluation_age on evaluation (created_at)",
  ],
};
