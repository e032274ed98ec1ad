import type { Migration } from "./migration.ts";

/** The spans of a trace are read in the order of their start, page by page: each page of a large one sorted all of it. */
export const traceOrder: Migration = {
  name: "0011-trace-order",
  statements: () => [`drop index span_trace`, `create index span_trace on span (trace_id, start_at)`],
};
