import type { Kysely } from "kysely";
import { toIsoTime } from "../../internal/iso-time.ts";
import type { SpanStore } from "../resource/span.ts";
import { fromMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Schema, SpanTable } from "./schema.ts";

/** A dotted order grows with every level, and with traces beyond these nobody reads them. */
const MAX_LEVELS = 100;
const MAX_SPANS = 25_000;

export function traceCompleteStore(db: Database): Pick<SpanStore, "traceComplete"> {
  return {
    traceComplete({ traces }) {
      return db.write(async ({ query }) => {
        for (const { traceId, rootAlias } of traces) {
          if (rootAlias !== undefined) {
            await query
              .updateTable("span")
              .set({ parent_id: traceId })
              .where("trace_id", "=", traceId)
              .where("parent_id", "=", rootAlias)
              .execute();
          }
          await orderSpans(query, traceId);
        }
      });
    },
  };
}

type Row = Pick<SpanTable, "id" | "parent_id" | "start_at" | "dotted_order">;

async function orderSpans(query: Kysely<Schema>, traceId: string): Promise<void> {
  const rows = await query
    .selectFrom("span")
    .select(["id", "parent_id", "start_at", "dotted_order"])
    .where("trace_id", "=", traceId)
    .limit(MAX_SPANS)
    .execute();
  if (rows.every((row) => row.dotted_order !== "")) return;
  for (const [id, order] of missingOrders(rows, traceId)) {
    await query.updateTable("span").set({ dotted_order: order }).where("id", "=", id).execute();
  }
}

/** Orders of the spans that have none and whose way up to the root is known. Every span is climbed over once. */
function missingOrders(rows: readonly Row[], traceId: string): Map<string, string> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const found = new Map<string, string>();
  const passed = new Set<string>();
  for (const row of rows) {
    // Up to the first ancestor that has an order, to the root, or to where an earlier climb (or this one) has been.
    const path: Row[] = [];
    let at: Row | undefined = row;
    while (at && at.dotted_order === "" && !passed.has(at.id)) {
      path.push(at);
      passed.add(at.id);
      at = at.parent_id === null ? undefined : byId.get(at.parent_id);
    }
    const top = path.at(-1);
    if (!top) continue;
    const above = at ? (found.get(at.id) ?? at.dotted_order) : "";
    const isRooted = above !== "" || (top.id === traceId && top.parent_id === null);
    if (!isRooted) continue;
    let order = above;
    let levels = above === "" ? 0 : above.split(".").length;
    for (const step of path.reverse()) {
      if (++levels > MAX_LEVELS) break;
      const segment = `${toIsoTime(fromMicros(step.start_at)).replace(/[-:.]/g, "")}${step.id}`;
      order = order === "" ? segment : `${order}.${segment}`;
      found.set(step.id, order);
    }
  }
  return found;
}
