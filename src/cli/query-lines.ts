import type { TraceQuery } from "../pattern/trace-query.ts";

/** How to list a pattern's traces in LangSmith, for people. */
export function queryLines({ filter, treeFilter, reason }: TraceQuery): string[] {
  if (reason !== null) return [`no LangSmith query: ${reason}`];
  return [
    "LangSmith query (root runs):",
    ...(filter === null ? [] : [`  filter       ${filter}`]),
    ...(treeFilter === null ? [] : [`  tree_filter  ${treeFilter}`]),
  ];
}
