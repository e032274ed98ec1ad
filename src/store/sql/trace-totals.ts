import type { SpanStore, TraceTotals } from "../resource/span.ts";
import { chunksOf, fromMicrosOrNull } from "./columns.ts";
import type { Database } from "./database.ts";

export function traceTotalsStore(db: Database): Pick<SpanStore, "traceTotals"> {
  return {
    async traceTotals({ traceIds }) {
      const totals = new Map<string, TraceTotals>();
      for (const chunk of chunksOf(traceIds, 500)) {
        const rows = await db.read
          .selectFrom("span")
          .select(({ fn }) => [
            "trace_id",
            fn.sum<number | null>("total_tokens").as("tokens"),
            fn.sum<number | null>("cost").as("cost"),
            fn.min<number | null>("first_token_at").as("first_token_at"),
          ])
          .where("trace_id", "in", chunk)
          .groupBy("trace_id")
          .execute();
        for (const row of rows) {
          totals.set(row.trace_id, {
            totalTokens: Number(row.tokens ?? 0),
            cost: row.cost === null ? null : Number(row.cost),
            firstTokenAt: fromMicrosOrNull(row.first_token_at === null ? null : Number(row.first_token_at)),
          });
        }
      }
      return totals;
    },
  };
}
