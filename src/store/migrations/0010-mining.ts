import type { Migration } from "./migration.ts";

/** Searches that are spread over several processes: one question at a time, and each share's answer to the latest. */
export const mining: Migration = {
  name: "0010-mining",
  statements: ({ bytes, int, text }) => [
    `create table mining (
      id ${text} primary key,
      loop_id ${text} not null,
      codebook_id ${text} not null,
      asked ${int} not null,
      question ${bytes},
      expires_at ${int} not null
    )`,
    `create table mining_share (
      mining_id ${text} not null,
      share ${int} not null,
      from_at ${int} not null,
      to_at ${int} not null,
      lease_token ${text},
      lease_until ${int},
      answered ${int} not null,
      answer ${bytes},
      primary key (mining_id, share)
    )`,
  ],
};
