import type { Migration } from "./migration.ts";

/**
 * What lists filter by most stands in the indexes they walk along, so that a span that does not match is passed by without
 * its row being read; failures, which are rare, have an index of their own. The size of a trace is for retention.
 */
export const search: Migration = {
  name: "0007-search",
  statements: ({ int }) => [
    `drop index span_project_start`,
    `create index span_project_start on span (project_id, start_at, id, kind, name, status, end_at)`,
    `drop index span_root`,
    `create index span_root on span (project_id, start_at, id, name, status, end_at) where parent_id is null`,
    `create index span_error on span (project_id, start_at, id) where error is not null`,
    `alter table trace add column bytes ${int} not null default 0`,
    `create index trace_start on trace (project_id, start_at, id, bytes)`,
  ],
};
