import type { Migration } from "./migration.ts";

export const remedies: Migration = {
  name: "0008-remedies",
  statements: ({ int, real, text }) => [
    `create table remedy (
      id ${text} primary key,
      loop_id ${text} not null,
      version ${int} not null,
      state_json ${text} not null,
      changed_at ${int} not null
    )`,
    `create index remedy_loop on remedy (loop_id, changed_at)`,
    // Apart from the state, so that holding a remedy does not count as a change of it.
    `create table remedy_lease (
      remedy_id ${text} primary key,
      token ${text} not null,
      until ${int} not null
    )`,
    `create table remedy_call (
      remedy_id ${text} not null,
      key ${text} not null,
      result_json ${text},
      usd ${real} not null,
      open_usd ${real} not null,
      open ${int} not null,
      primary key (remedy_id, key)
    )`,
  ],
};
