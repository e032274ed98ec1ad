import type { Migration } from "./migration.ts";

/** What is mined from: the runs of an hour as bitmaps, and which verdicts have yet to join theirs. */
export const buckets: Migration = {
  name: "0009-buckets",
  statements: ({ bytes, int, text }) => [
    `create table codebook (
      loop_id ${text} not null,
      id ${text} not null,
      document_json ${text} not null,
      rows_seen ${int} not null,
      created_at ${int} not null,
      primary key (loop_id, id)
    )`,
    `create table bucket (
      loop_id ${text} not null,
      hour ${int} not null,
      part ${int} not null,
      codebook_id ${text} not null,
      row_count ${int} not null,
      bytes ${bytes} not null,
      primary key (loop_id, hour, part)
    )`,
    `create table unlearned (
      loop_id ${text} not null,
      trace_start_at ${int} not null,
      verdict_id ${text} not null,
      primary key (loop_id, trace_start_at, verdict_id)
    )`,
  ],
};
