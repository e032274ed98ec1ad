import type { Migration } from "./migration.ts";

export const budget: Migration = {
  name: "0004-budget",
  statements: ({ int, text }) => [
    `create table budget_use (
      key ${text} not null,
      window_start ${int} not null,
      calls ${int} not null,
      tokens ${int} not null,
      usd_micros ${int} not null,
      primary key (key, window_start)
    )`,
  ],
};
