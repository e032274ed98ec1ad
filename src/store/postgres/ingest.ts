import { sql, type RawBuilder } from "kysely";
import type { IngestStatements } from "../sql/span-ingest.ts";
import type { TraceTable } from "../sql/schema.ts";
import { BLANKS, MERGED_COLUMNS, statusOf, type SpanRowWrite } from "../sql/span-row.ts";
import type { PostgresNative } from "./open-postgres.ts";

/** Rows of one statement: 26 parameters each, and PostgreSQL takes 65,535. */
const ROWS_PER_STATEMENT = 1_000;

/**
 * Multi-row inserts: a round trip costs more than a row. What conflicts is merged row by row, which is rare. Rows are
 * written in the order of their ids, so that two writers of the same spans never wait for each other in a circle.
 */
export const ingestStatements: IngestStatements<PostgresNative> = {
  async upsertSpans({ native }, rows) {
    const changed: SpanRowWrite[] = [];
    const { fresh, later } = firstOfEachId(rows);
    for (let at = 0; at < fresh.length; at += ROWS_PER_STATEMENT) {
      const chunk = fresh.slice(at, at + ROWS_PER_STATEMENT);
      const inserted = await native
        .insertInto("span")
        .values(chunk.map(toInsert))
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning("id")
        .execute();
      const insertedIds = new Set(inserted.map((row) => row.id));
      for (const row of chunk) {
        if (insertedIds.has(row.id)) changed.push(row);
        else later.push(row);
      }
    }
    for (const row of later) if (await merge(native, row)) changed.push(row);
    return changed;
  },

  async upsertTraces({ native }, rows) {
    const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
    const upserted: TraceTable[] = [];
    for (let at = 0; at < sorted.length; at += ROWS_PER_STATEMENT) {
      const values = sorted
        .slice(at, at + ROWS_PER_STATEMENT)
        .map(
          (row) =>
            sql`(${row.id}, ${row.project_id}, ${row.start_at}::bigint, ${row.root_end_at}::bigint, ${row.changed_at}::bigint, ${row.bytes}::bigint)`,
        );
      const { rows: written } = await sql<TraceTable>`
        insert into trace (id, project_id, start_at, root_end_at, changed_at, bytes) values ${sql.join(values)}
        on conflict (id) do update set
          project_id = case when trace.project_id = '' then excluded.project_id else trace.project_id end,
          start_at = least(trace.start_at, excluded.start_at),
          root_end_at = coalesce(excluded.root_end_at, trace.root_end_at),
          changed_at = greatest(trace.changed_at + 1, excluded.changed_at),
          bytes = trace.bytes + excluded.bytes
        returning *`.execute(native);
      upserted.push(...written);
    }
    return upserted;
  },
};

/** One statement cannot touch a row twice, so only the first write of an id is inserted; the others merge behind it. */
function firstOfEachId(rows: readonly SpanRowWrite[]): { fresh: SpanRowWrite[]; later: SpanRowWrite[] } {
  const seen = new Set<string>();
  const fresh: SpanRowWrite[] = [];
  const later: SpanRowWrite[] = [];
  for (const row of rows) {
    (seen.has(row.id) ? later : fresh).push(row);
    seen.add(row.id);
  }
  fresh.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { fresh, later };
}

function toInsert({ op: _op, ...row }: SpanRowWrite): InsertedSpan {
  return {
    ...row,
    name: row.name ?? BLANKS.name,
    kind: row.kind ?? BLANKS.kind,
    start_at: row.start_at ?? 0,
    dotted_order: row.dotted_order ?? BLANKS.dotted_order,
    status: row.status === "error" ? "error" : statusOf(row.error, row.end_at),
    tags_json: row.tags_json ?? BLANKS.tags_json,
    metadata_json: row.metadata_json ?? BLANKS.metadata_json,
    share_token: null,
  };
}

type InsertedSpan = Omit<
  SpanRowWrite,
  "op" | "name" | "kind" | "start_at" | "dotted_order" | "tags_json" | "metadata_json" | "status"
> & {
  name: string;
  kind: string;
  start_at: number;
  dotted_order: string;
  status: string;
  tags_json: string;
  metadata_json: string;
  share_token: null;
};

const NUMBERS = new Set(["end_at", "prompt_tokens", "completion_tokens", "total_tokens", "first_token_at"]);
const BYTES = new Set(["inputs", "outputs", "extra", "events", "serialized"]);

/** Merges into the existing row by the rules of `SpanRowWrite` and tells whether anything came out different. */
async function merge(native: PostgresNative, row: SpanRowWrite): Promise<boolean> {
  const pick = (kept: RawBuilder<unknown>, sent: RawBuilder<unknown>): RawBuilder<unknown> =>
    row.op === "post" ? sql`coalesce(${kept}, ${sent})` : sql`coalesce(${sent}, ${kept})`;
  const blanked = (column: string, sent: unknown, blank: string | number): [string, RawBuilder<unknown>] => {
    const type = typeof blank === "number" ? sql`bigint` : sql`text`;
    const empty = sql`${sql.lit(blank)}::${type}`;
    const kept = sql`nullif(${sql.ref(column)}, ${empty})`;
    return [column, sql`coalesce(${pick(kept, sql`nullif(${sent}::${type}, ${empty})`)}, ${empty})`];
  };
  const assignments = new Map<string, RawBuilder<unknown>>([
    blanked("project_id", row.project_id, BLANKS.project_id),
    blanked("name", row.name, BLANKS.name),
    blanked("kind", row.kind, BLANKS.kind),
    blanked("start_at", row.start_at, 0),
    blanked("dotted_order", row.dotted_order, BLANKS.dotted_order),
    blanked("tags_json", row.tags_json, BLANKS.tags_json),
    blanked("metadata_json", row.metadata_json, BLANKS.metadata_json),
    ["trace_id", sql`case when trace_id = id then ${row.trace_id}::text else trace_id end`],
    ...MERGED_COLUMNS.map((column): [string, RawBuilder<unknown>] => {
      const type = NUMBERS.has(column)
        ? sql`bigint`
        : BYTES.has(column)
          ? sql`bytea`
          : column === "cost"
            ? sql`double precision`
            : sql`text`;
      return [column, pick(sql`${sql.ref(column)}`, sql`${row[column]}::${type}`)];
    }),
  ]);
  assignments.set(
    "status",
    sql`case when ${assignments.get("error")} is not null then 'error'
      when ${assignments.get("end_at")} is not null then 'success' else status end`,
  );
  const set = [...assignments].map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  const differs = [...assignments].map(([column, value]) => sql`${sql.ref(column)} is distinct from ${value}`);
  const result =
    await sql`update span set ${sql.join(set)} where id = ${row.id} and (${sql.join(differs, sql` or `)})`.execute(
      native,
    );
  return (result.numAffectedRows ?? 0n) > 0n;
}
