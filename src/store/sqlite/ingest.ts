import type { IngestStatements } from "../sql/span-ingest.ts";
import type { TraceTable } from "../sql/schema.ts";
import { BLANKS, MERGED_COLUMNS, payloadBytes, statusOf, type SpanRowWrite } from "../sql/span-row.ts";
import type { Connection } from "./statement-cache.ts";

const INSERTED = [
  "id",
  "project_id",
  "trace_id",
  "name",
  "kind",
  "start_at",
  "dotted_order",
  "status",
  "tags_json",
  "metadata_json",
  ...MERGED_COLUMNS,
] as const;

const INSERT = `insert into span (${INSERTED.join(", ")}) values (${INSERTED.map(() => "?").join(", ")})
  on conflict (id) do nothing`;

const UPSERT_TRACE = `insert into trace (id, project_id, start_at, root_end_at, changed_at, bytes) values (?, ?, ?, ?, ?, ?)
  on conflict (id) do update set
    project_id = case when project_id = '' then excluded.project_id else project_id end,
    start_at = min(start_at, excluded.start_at),
    root_end_at = coalesce(excluded.root_end_at, root_end_at),
    changed_at = max(changed_at + 1, excluded.changed_at),
    bytes = bytes + excluded.bytes
  returning *`;

/**
 * Single-row prepared statements: on SQLite they beat multi-row inserts, since there is no round trip to save, and the
 * common case (a new span) costs one statement.
 */
export const ingestStatements: IngestStatements<Connection> = {
  upsertSpans({ native }, rows) {
    const changed: SpanRowWrite[] = [];
    for (const row of rows) {
      if (insert(native, row) || merge(native, row)) changed.push(row);
      // A statement keeps what was bound to it until it runs again; without payloads the same row changes nothing.
      if (payloadBytes(row) > LARGE_BYTES && !insert(native, { ...row, ...NO_PAYLOADS })) {
        merge(native, { ...row, ...NO_PAYLOADS });
      }
    }
    return Promise.resolve(changed);
  },

  upsertTraces({ native }, rows) {
    const upsert = native.prepare(UPSERT_TRACE);
    return Promise.resolve(
      rows.map(
        (row) =>
          upsert.get(row.id, row.project_id, row.start_at, row.root_end_at, row.changed_at, row.bytes) as TraceTable,
      ),
    );
  },
};

/** Payloads that are worth a statement to be rid of. */
const LARGE_BYTES = 1024 * 1024;
const NO_PAYLOADS = { inputs: null, outputs: null, extra: null, events: null, serialized: null };

function insert(native: Connection, row: SpanRowWrite): boolean {
  const { changes } = native
    .prepare(INSERT)
    .run(
      row.id,
      row.project_id,
      row.trace_id,
      row.name ?? BLANKS.name,
      row.kind ?? BLANKS.kind,
      row.start_at ?? 0,
      row.dotted_order ?? BLANKS.dotted_order,
      row.status === "error" ? "error" : statusOf(row.error, row.end_at),
      row.tags_json ?? BLANKS.tags_json,
      row.metadata_json ?? BLANKS.metadata_json,
      row.parent_id,
      row.end_at,
      row.error,
      row.model,
      row.prompt_tokens,
      row.completion_tokens,
      row.total_tokens,
      row.cost,
      row.first_token_at,
      row.thread_id,
      row.reference_example_id,
      row.inputs,
      row.outputs,
      row.extra,
      row.events,
      row.serialized,
    );
  return changes > 0;
}

/** Merges into the existing row and tells whether anything came out different. */
function merge(native: Connection, row: SpanRowWrite): boolean {
  const values = [
    row.project_id,
    row.name ?? BLANKS.name,
    row.kind ?? BLANKS.kind,
    row.start_at ?? 0,
    row.dotted_order ?? BLANKS.dotted_order,
    row.tags_json ?? BLANKS.tags_json,
    row.metadata_json ?? BLANKS.metadata_json,
    row.trace_id,
    ...MERGED_COLUMNS.map((column) => row[column]),
    row.id,
  ];
  return native.prepare(row.op === "post" ? FILL : OVERRIDE).run(...values).changes > 0;
}

const FILL = mergeStatement((kept, sent) => `coalesce(${kept}, ${sent})`);
const OVERRIDE = mergeStatement((kept, sent) => `coalesce(${sent}, ${kept})`);

function mergeStatement(pick: (kept: string, sent: string) => string): string {
  const blanked = (column: string, index: number, blank: string): [string, string] => [
    column,
    `coalesce(${pick(`nullif(${column}, ${blank})`, `nullif(?${index}, ${blank})`)}, ${blank})`,
  ];
  const assignments: [string, string][] = [
    blanked("project_id", 1, "''"),
    blanked("name", 2, "''"),
    blanked("kind", 3, "''"),
    blanked("start_at", 4, "0"),
    blanked("dotted_order", 5, "''"),
    blanked("tags_json", 6, "'[]'"),
    blanked("metadata_json", 7, "'{}'"),
    // A patch that named no trace made the span its own root; whoever knows better wins.
    ["trace_id", "case when trace_id = id then ?8 else trace_id end"],
    ...MERGED_COLUMNS.map((column, index): [string, string] => [column, pick(column, `?${index + 9}`)]),
  ];
  const at = (column: string): string => assignments.find(([name]) => name === column)?.[1] ?? column;
  assignments.push([
    "status",
    `case when ${at("error")} is not null then 'error' when ${at("end_at")} is not null then 'success' else status end`,
  ]);
  const set = assignments.map(([column, value]) => `${column} = ${value}`).join(", ");
  const differs = assignments.map(([column, value]) => `${column} is not (${value})`).join(" or ");
  return `update span set ${set} where id = ?${MERGED_COLUMNS.length + 9} and (${differs})`;
}
