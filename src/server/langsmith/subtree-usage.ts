import type { StoredSpan } from "../../model/stored-span.ts";
import type { SubtreeUsage } from "../../wire/langsmith/run-extras.ts";
import type { ServerContext } from "../server-context.ts";

/** Traces and spans read at a time. */
const TRACES = 50;
const SPANS = 1000;

/** What each of these runs used together with everything below it; those without anything below are left out. */
export async function subtreeUsage(
  { store }: ServerContext,
  rows: readonly StoredSpan[],
): Promise<Map<string, SubtreeUsage>> {
  const wanted = new Set(rows.map((row) => row.id));
  const traceIds = [...new Set(rows.map((row) => row.traceId))];
  const found = new Map<string, SubtreeUsage>();
  for (let at = 0; at < traceIds.length; at += TRACES) {
    const spans = new Map<string, StoredSpan>();
    let cursor: string | undefined;
    do {
      const page = await store.spanQuery({
        traceIds: traceIds.slice(at, at + TRACES),
        order: "asc",
        limit: SPANS,
        payloads: [],
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const span of page.rows) spans.set(span.id, span);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    for (const span of spans.values()) {
      for (const above of ancestorsOf(span, spans)) {
        if (wanted.has(above.id)) found.set(above.id, add(found.get(above.id) ?? usageOf(above), span));
      }
    }
  }
  return found;
}

/** From the parent up, as far as it is known. Parents may go round in a circle. */
function ancestorsOf(span: StoredSpan, spans: ReadonlyMap<string, StoredSpan>): Set<StoredSpan> {
  const above = new Set<StoredSpan>();
  let next = spans.get(span.parentId ?? "");
  while (next && next !== span && !above.has(next)) {
    above.add(next);
    next = spans.get(next.parentId ?? "");
  }
  return above;
}

function usageOf({ usage, firstTokenAt }: StoredSpan): SubtreeUsage {
  return {
    promptTokens: usage.promptTokens ?? 0,
    completionTokens: usage.completionTokens ?? 0,
    totalTokens: usage.totalTokens ?? 0,
    cost: usage.cost ?? null,
    firstTokenAt,
  };
}

function add(sum: SubtreeUsage, span: StoredSpan): SubtreeUsage {
  const more = usageOf(span);
  const times = [sum.firstTokenAt, more.firstTokenAt].filter((at) => at !== null);
  return {
    promptTokens: sum.promptTokens + more.promptTokens,
    completionTokens: sum.completionTokens + more.completionTokens,
    totalTokens: sum.totalTokens + more.totalTokens,
    cost: sum.cost === null && more.cost === null ? null : (sum.cost ?? 0) + (more.cost ?? 0),
    firstTokenAt: times.length === 0 ? null : Math.min(...times),
  };
}
