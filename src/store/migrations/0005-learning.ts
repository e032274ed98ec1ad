import type { Migration } from "./migration.ts";

export const learning: Migration = {
  name: "0005-learning",
  statements: ({ int, real, text }) => [
    `create table learning (
      loop_id ${text} primary key,
      version ${int} not null,
      state_json ${text} not null
    )`,
    `alter table verdict add column usd ${real} not null default 0`,
    `create index verdict_decided on verdict (loop_id, decided_at)`,
    `create table issue (
      loop_id ${text} not null,
      id ${text} not null,
      state ${text} not null,
      document_json ${text} not null,
      primary key (loop_id, id)
    )`,
  ],
};
