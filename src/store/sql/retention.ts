import type { Kysely } from "kysely";
import type { RetentionStore } from "../resource/retention.ts";
import { toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Schema } from "./schema.ts";

/** Traces looked at in one call. */
const TRACES = 50;

export function retentionStore(db: Database): RetentionStore {
  return {
    async projectBytes({ projectId }) {
      const { bytes } = await db.scan
        .selectFrom("trace")
        .select(({ fn }) => fn.sum<number | null>("bytes").as("bytes"))
        .where("project_id", "=", projectId)
        .executeTakeFirstOrThrow();
      return Number(bytes ?? 0);
    },

    traceDeleteOldest({ projectId, startBefore, freeBytes, limitSpans }) {
      return db.writeLong(async ({ query }) => {
        let oldest = query
          .selectFrom("trace")
          .select(["id", "bytes"])
          .where("project_id", "=", projectId)
          .where("id", "not in", waitingForReview(query));
        if (startBefore !== undefined) oldest = oldest.where("start_at", "<", toMicros(startBefore));
        const traces = await oldest.orderBy("start_at").orderBy("id").limit(TRACES).execute();
        const freed = { spans: 0, bytes: 0 };
        for (const trace of traces) {
          if (freed.spans >= limitSpans || (freeBytes !== undefined && freed.bytes >= freeBytes)) break;
          const { spans, isGone } = await deleteTrace(query, trace.id, limitSpans - freed.spans);
          freed.spans += spans;
          // A trace larger than the limit goes piece by piece and counts when its last piece is gone.
          if (isGone) freed.bytes += Number(trace.bytes);
        }
        return freed;
      });
    },
  };
}

/** Traces with a span in a queue that nobody has looked at yet: deleting them would leave the reviewer with nothing. */
function waitingForReview(query: Kysely<Schema>) {
  return query
    .selectFrom("queue_item")
    .innerJoin("span", "span.id", "queue_item.run_id")
    .select("span.trace_id")
    .where("queue_item.removed_at", "is", null)
    .where("queue_item.status", "<>", "completed");
}

async function deleteTrace(
  query: Kysely<Schema>,
  traceId: string,
  limit: number,
): Promise<{ spans: number; isGone: boolean }> {
  const rows = await query
    .selectFrom("span")
    .select("id")
    .where("trace_id", "=", traceId)
    .limit(limit + 1)
    .execute();
  const ids = rows.slice(0, limit).map((row) => row.id);
  if (ids.length > 0) {
    await query.deleteFrom("attachment").where("span_id", "in", ids).execute();
    await query.deleteFrom("feedback").where("run_id", "in", ids).execute();
    await query.deleteFrom("span").where("id", "in", ids).execute();
  }
  const isGone = rows.length <= limit;
  if (isGone) await query.deleteFrom("trace").where("id", "=", traceId).execute();
  return { spans: ids.length, isGone };
}
