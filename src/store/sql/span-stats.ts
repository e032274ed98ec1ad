import { sql } from "kysely";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { Percentiles } from "../../model/span-stats.ts";
import type { SpanStatsStore } from "../resource/span-stats.ts";
import { fromMicros, parseJson } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Sql } from "./dialect.ts";
import { percentiles } from "./percentiles.ts";
import { selectSpans } from "./span-conditions.ts";

const LATENCY: Sql<number | null> = sql`(span.end_at - span.start_at)`;
const FIRST_TOKEN: Sql<number | null> = sql`(span.first_token_at - span.start_at)`;
const TOKENS: Sql<number | null> = sql`span.total_tokens`;

export function spanStatsStore(
  db: Database,
): Pick<SpanStatsStore, "spanStats" | "spanFeedbackStats" | "projectFeedbackStats"> {
  return {
    async spanStats(params) {
      const spans = selectSpans(db, params);
      const row = await spans
        .select(({ fn }) => [
          fn.countAll<number>().as("count"),
          fn.count<number>("span.error").as("errors"),
          fn.count<number>("span.first_token_at").as("streamed"),
          fn.sum<number | null>("span.total_tokens").as("total_tokens"),
          fn.sum<number | null>("span.prompt_tokens").as("prompt_tokens"),
          fn.sum<number | null>("span.completion_tokens").as("completion_tokens"),
          fn.sum<number | null>("span.cost").as("cost"),
          fn.max<number | null>("span.start_at").as("last_start_at"),
        ])
        .executeTakeFirstOrThrow();
      const streamed = Number(row.streamed);
      return {
        count: Number(row.count),
        errors: Number(row.errors),
        streamed,
        totalTokens: Number(row.total_tokens ?? 0),
        promptTokens: Number(row.prompt_tokens ?? 0),
        completionTokens: Number(row.completion_tokens ?? 0),
        cost: row.cost === null ? null : Number(row.cost),
        lastStartAt: row.last_start_at === null ? null : fromMicros(Number(row.last_start_at)),
        latencyMs: inMs(await percentiles(db, spans, LATENCY)),
        firstTokenMs: streamed === 0 ? { p50: null, p99: null } : inMs(await percentiles(db, spans, FIRST_TOKEN)),
        tokens: await percentiles(db, spans, TOKENS),
      };
    },

    spanFeedbackStats: (params) => {
      const spans = selectSpans(db, params).select("span.id");
      // What was given in a comparison of experiments belongs to the comparison.
      return feedbackTally(db, sql`feedback.comparative_experiment_id is null and feedback.run_id in (${spans})`);
    },

    projectFeedbackStats: ({ projectId }) =>
      feedbackTally(db, sql`feedback.project_id = ${projectId} and feedback.run_id is null`),
  };
}

function inMs({ p50, p99 }: Percentiles): Percentiles {
  return { p50: p50 === null ? null : fromMicros(p50), p99: p99 === null ? null : fromMicros(p99) };
}

/** Feedback that meets a condition, summed up by key. */
export async function feedbackTally(db: Database, condition: Sql<boolean>): Promise<FeedbackStats> {
  const feedback = db.scan.selectFrom("feedback").where(condition);
  const keys = await feedback
    .select(({ fn }) => [
      "key",
      fn.countAll<number>().as("n"),
      fn.avg<number | null>("score").as("avg"),
      fn.min<number | null>("score").as("min"),
      fn.max<number | null>("score").as("max"),
      sql<number | null>`sum(score * score)`.as("squares"),
      fn.count<number>("score").as("scored"),
    ])
    .groupBy("key")
    .orderBy("key")
    .execute();
  const values = await feedback
    .select(({ fn }) => ["key", "value_json", fn.countAll<number>().as("n")])
    .where("value_json", "like", '"%')
    .groupBy(["key", "value_json"])
    .execute();
  const stats = Object.create(null) as FeedbackStats;
  for (const row of keys) {
    const avg = row.avg === null ? null : Number(row.avg);
    stats[row.key] = {
      n: Number(row.n),
      avg,
      values: Object.create(null) as Record<string, number>,
      min: row.min === null ? null : Number(row.min),
      max: row.max === null ? null : Number(row.max),
      stdev: deviation(Number(row.squares ?? 0), avg, Number(row.scored)),
    };
  }
  for (const row of values) {
    const entry = stats[row.key];
    const value = parseJson(row.value_json);
    if (entry && typeof value === "string") entry.values[value] = Number(row.n);
  }
  return stats;
}

/** Sample standard deviation from the sum of squares and the mean. */
function deviation(squares: number, avg: number | null, n: number): number | null {
  if (avg === null || n < 2) return null;
  return Math.sqrt(Math.max(0, (squares - n * avg * avg) / (n - 1)));
}
