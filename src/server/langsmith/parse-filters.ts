import type { FilterExpression } from "../../wire/filter-ast.ts";
import { parseFilter } from "../../wire/filter.ts";

/** The three filters of a query, parsed; absent and empty ones are left out. */
export function parseFilters(body: {
  filter?: string | null | undefined;
  trace_filter?: string | null | undefined;
  tree_filter?: string | null | undefined;
}): { filter?: FilterExpression; traceFilter?: FilterExpression; treeFilter?: FilterExpression } {
  return {
    ...(body.filter ? { filter: parseFilter(body.filter, "filter") } : {}),
    ...(body.trace_filter ? { traceFilter: parseFilter(body.trace_filter, "trace_filter") } : {}),
    ...(body.tree_filter ? { treeFilter: parseFilter(body.tree_filter, "tree_filter") } : {}),
  };
}
