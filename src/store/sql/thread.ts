import { sql } from "kysely";
import type { Thread } from "../../model/thread.ts";
import type { SpanStatsStore } from "../resource/span-stats.ts";
import { fromMicros, fromMicrosOrNull } from "./columns.ts";
import type { Database } from "./database.ts";
import { percentilesOf } from "./percentiles.ts";
import { selectSpans } from "./span-conditions.ts";

/** Turns of one page of threads that are looked at one by one; longer conversations show statistics of the newest. */
const MAX_TURNS = 20_000;

export function threadStore(db: Database): Pick<SpanStatsStore, "threadList"> {
  return {
    async threadList({ limit, offset, ...params }) {
      const roots = selectSpans(db, { ...params, projectIds: [params.projectId], isRoot: true }).where(
        "span.thread_id",
        "is not",
        null,
      );
      const { total } = await roots
        .select(sql<number>`count(distinct span.thread_id)`.as("total"))
        .executeTakeFirstOrThrow();
      const page = await roots
        .select(({ fn }) => [
          "span.thread_id",
          fn.countAll<number>().as("traces"),
          fn.count<number>("span.error").as("errors"),
          fn.min<number>("span.start_at").as("first"),
          fn.max<number>("span.start_at").as("last"),
          fn.max<number | null>("span.end_at").as("last_end"),
        ])
        .groupBy("span.thread_id")
        .orderBy(sql`max(span.start_at)`, "desc")
        .orderBy("span.thread_id")
        .limit(limit)
        .offset(offset)
        .execute();
      const threadIds = page.flatMap((row) => (row.thread_id === null ? [] : [row.thread_id]));
      if (threadIds.length === 0) return { rows: [], total: Number(total) };
      const turns = await roots
        .select(["span.thread_id", "span.trace_id", "span.start_at", "span.end_at"])
        .where("span.thread_id", "in", threadIds)
        .orderBy("span.start_at", "desc")
        .limit(MAX_TURNS)
        .execute();
      const totals = await totalsOf(db, params.projectId, threadIds);
      const rows = page.map((row): Thread => {
        const mine = turns.filter((turn) => turn.thread_id === row.thread_id);
        const latencies = mine.flatMap((turn) =>
          turn.end_at === null ? [] : [fromMicros(turn.end_at - turn.start_at)],
        );
        const sums = totals.get(row.thread_id ?? "");
        return {
          threadId: row.thread_id ?? "",
          traces: Number(row.traces),
          errors: Number(row.errors),
          firstStartAt: fromMicros(Number(row.first)),
          lastStartAt: fromMicros(Number(row.last)),
          lastEndAt: fromMicrosOrNull(row.last_end === null ? null : Number(row.last_end)),
          firstTraceId: mine.at(-1)?.trace_id ?? "",
          lastTraceId: mine[0]?.trace_id ?? "",
          latencyMs: percentilesOf(latencies),
          totalTokens: Number(sums?.total_tokens ?? 0),
          promptTokens: Number(sums?.prompt_tokens ?? 0),
          completionTokens: Number(sums?.completion_tokens ?? 0),
          cost: sums?.cost === null || sums === undefined ? null : Number(sums.cost),
        };
      });
      return { rows, total: Number(total) };
    },
  };
}

interface Sums {
  total_tokens: number | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  cost: number | null;
}

/** Tokens stand on the model calls below the roots, so the sums go over whole traces. */
async function totalsOf(db: Database, projectId: string, threadIds: string[]): Promise<Map<string, Sums>> {
  const rows = await db.scan
    .selectFrom("span as root")
    .innerJoin("span as member", "member.trace_id", "root.trace_id")
    .select(({ fn }) => [
      "root.thread_id",
      fn.sum<number | null>("member.total_tokens").as("total_tokens"),
      fn.sum<number | null>("member.prompt_tokens").as("prompt_tokens"),
      fn.sum<number | null>("member.completion_tokens").as("completion_tokens"),
      fn.sum<number | null>("member.cost").as("cost"),
    ])
    .where("root.project_id", "=", projectId)
    .where("root.thread_id", "in", threadIds)
    .where("root.parent_id", "is", null)
    .groupBy("root.thread_id")
    .execute();
  return new Map(rows.map((row) => [row.thread_id ?? "", row]));
}
