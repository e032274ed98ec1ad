import { sql } from "kysely";
import type { Attribution } from "../../model/failure.ts";
import type { JsonObject } from "../../model/json.ts";
import type { FeatureValue } from "../../model/pattern.ts";
import type { Score } from "../../model/score.ts";
import type { Verdict, VerdictOutcome } from "../../model/verdict.ts";
import type { VerdictStore } from "../resource/verdict.ts";
import { fromMicros, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { VerdictTable } from "./schema-loop.ts";

export function verdictStore(db: Database): VerdictStore {
  return {
    async verdictList(params) {
      let query = db.read
        .selectFrom("verdict")
        .selectAll()
        .where("loop_id", "=", params.loopId)
        .where("latest", "=", 1);
      if (params.from !== undefined) query = query.where("trace_start_at", ">=", toMicros(params.from));
      if (params.to !== undefined) query = query.where("trace_start_at", "<", toMicros(params.to));
      if (params.outcomes) query = query.where("outcome", "in", [...params.outcomes]);
      if (params.traceIds) query = query.where("trace_id", "in", [...params.traceIds]);
      const rows = await query
        .orderBy("trace_start_at", "desc")
        .orderBy("id")
        .limit(params.limit)
        .offset(params.offset ?? 0)
        .execute();
      return rows.map(toVerdict);
    },

    async verdictCounts(params) {
      let query = db.read
        .selectFrom("verdict")
        .select(({ fn }) => [
          "outcome" as const,
          fn.countAll<number>().as("count"),
          fn.count<number>("culprit_span_id").as("culprits"),
        ])
        .where("loop_id", "=", params.loopId)
        .where("latest", "=", 1);
      if (params.from !== undefined) query = query.where("trace_start_at", ">=", toMicros(params.from));
      if (params.to !== undefined) query = query.where("trace_start_at", "<", toMicros(params.to));
      const counts = { pass: 0, fail: 0, unscored: 0, error: 0, culprits: 0 };
      for (const row of await query.groupBy("outcome").execute()) {
        counts[row.outcome as VerdictOutcome] = Number(row.count);
        counts.culprits += Number(row.culprits);
      }
      return counts;
    },

    async verdictTally({ loopId, decidedFrom, decidedTo }) {
      const rows = await db.read
        .selectFrom("verdict")
        .select(({ fn }) => [
          "outcome" as const,
          fn.countAll<number>().as("count"),
          fn.sum<number | null>("usd").as("usd"),
        ])
        .where("loop_id", "=", loopId)
        .where("decided_at", ">=", toMicros(decidedFrom))
        .where("decided_at", "<", toMicros(decidedTo))
        .groupBy("outcome")
        .execute();
      const tally = { pass: 0, fail: 0, unscored: 0, error: 0, usd: 0, failedCalls: {} as Record<string, number> };
      for (const row of rows) {
        tally[row.outcome as VerdictOutcome] = Number(row.count);
        tally.usd += Number(row.usd ?? 0);
      }
      const failed = await db.read
        .selectFrom("verdict")
        .select(({ fn }) => ["failed_evaluators_json", fn.countAll<number>().as("count")])
        .where("loop_id", "=", loopId)
        .where("decided_at", ">=", toMicros(decidedFrom))
        .where("decided_at", "<", toMicros(decidedTo))
        .where("failed_evaluators_json", "is not", null)
        .groupBy("failed_evaluators_json")
        .execute();
      for (const row of failed) {
        for (const name of JSON.parse(row.failed_evaluators_json ?? "[]") as string[]) {
          tally.failedCalls[name] = (tally.failedCalls[name] ?? 0) + Number(row.count);
        }
      }
      return tally;
    },

    async verdictClusters({ loopId, from, to }) {
      const clusters = db.read
        .selectFrom("verdict")
        .select(({ fn }) => [
          fn.countAll<number>().as("runs"),
          sql<number>`sum(case when outcome = 'fail' then 1 else 0 end)`.as("failing"),
        ])
        .where("loop_id", "=", loopId)
        .where("latest", "=", 1)
        .where("trace_start_at", ">=", toMicros(from))
        .where("trace_start_at", "<", toMicros(to))
        .where("outcome", "in", ["pass", "fail"])
        .where("cluster", "is not", null)
        .groupBy("cluster")
        .as("clusters");
      const row = await db.read
        .selectFrom(clusters)
        .select(({ fn }) => [
          fn.countAll<number>().as("clusters"),
          fn.sum<number | null>("runs").as("runs"),
          fn.sum<number | null>("failing").as("failures"),
          sql<number | null>`sum(runs * runs)`.as("size_squared"),
          sql<number | null>`sum(failing * runs)`.as("failing_size"),
          sql<number | null>`sum(failing * failing)`.as("failing_squared"),
        ])
        .executeTakeFirstOrThrow();
      return {
        clusters: Number(row.clusters),
        runs: Number(row.runs ?? 0),
        failures: Number(row.failures ?? 0),
        sizeSquared: Number(row.size_squared ?? 0),
        failingSize: Number(row.failing_size ?? 0),
        failingSquared: Number(row.failing_squared ?? 0),
      };
    },
  };
}

function toVerdict(row: VerdictTable): Verdict {
  return {
    id: row.id,
    loopId: row.loop_id,
    traceId: row.trace_id,
    revision: row.revision,
    outcome: row.outcome as VerdictOutcome,
    key: row.key,
    score: row.score,
    threshold: row.threshold,
    comment: row.comment,
    scores: JSON.parse(row.scores_json) as Score[],
    ...(row.failed_evaluators_json !== null && {
      failedEvaluators: JSON.parse(row.failed_evaluators_json) as string[],
    }),
    attribution: row.attribution_json === null ? null : (JSON.parse(row.attribution_json) as Attribution),
    features: parseObject(row.features_json) as JsonObject as Record<string, FeatureValue>,
    cluster: row.cluster,
    traceStartAt: fromMicros(row.trace_start_at),
    decidedAt: fromMicros(row.decided_at),
  };
}
