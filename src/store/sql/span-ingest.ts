import type { Kysely } from "kysely";
import type { AttachmentWrite, FeedbackWrite } from "../../model/span-write.ts";
import type { SpanIngestParams, SpanStore, TouchedTrace } from "../resource/span.ts";
import { fromMicros, fromMicrosOrNull, toMicros } from "./columns.ts";
import type { Database, WriteTransaction } from "./database.ts";
import { writeFeedbackRows } from "./feedback.ts";
import { newProject } from "./project.ts";
import type { Schema, TraceTable } from "./schema.ts";
import { payloadBytes, toSpanRow, type SpanRowWrite } from "./span-row.ts";

/** LangSmith's own name for "no project given". */
const DEFAULT_PROJECT = "default";

/** The database's own fastest ways to write spans; everything around them is portable. */
export interface IngestStatements<Native> {
  /** Inserts or merges; returns the rows (by position) that changed anything. */
  upsertSpans(transaction: WriteTransaction<Native>, rows: readonly SpanRowWrite[]): Promise<SpanRowWrite[]>;
  /**
   * Moves the traces' change times on and returns their rows. Later than before in any case: the clock may have been set back,
   * and a transaction that began earlier may write later, and a change that is not later is none to a loop.
   */
  upsertTraces(transaction: WriteTransaction<Native>, rows: readonly TraceTable[]): Promise<TraceTable[]>;
}

/** What one ingest writes, as rows. The project of a row that names none by id is found, or created, by `projectNames`. */
export interface IngestRows {
  rows: readonly SpanRowWrite[];
  /** By position of the row; `null` where the row has an id or nothing is known. */
  projectNames: readonly (string | null)[];
  attachments: readonly AttachmentWrite[];
  feedback: readonly FeedbackWrite[];
}

export function spanIngest<Native>(
  db: Database<Native>,
  statements: IngestStatements<Native>,
): Pick<SpanStore, "spanIngest"> {
  return {
    spanIngest(params) {
      const rows = toIngestRows(params);
      return db.write((transaction) => writeIngest(transaction, statements, rows, db.now()));
    },
  };
}

export function toIngestRows({ spans, attachments = [], feedback = [] }: SpanIngestParams): IngestRows {
  return {
    rows: spans.map((span) => toSpanRow(span, span.projectId ?? "")),
    projectNames: spans.map((span) => {
      if (span.projectId !== undefined) return null;
      return span.projectName ?? (span.op === "patch" ? null : DEFAULT_PROJECT);
    }),
    attachments,
    feedback,
  };
}

/** Writes everything inside the caller's transaction. */
export async function writeIngest<Native>(
  transaction: WriteTransaction<Native>,
  statements: IngestStatements<Native>,
  { rows, projectNames, attachments, feedback }: IngestRows,
  now: number,
): Promise<{ touched: TouchedTrace[] }> {
  const projectIds = await ensureProjects(transaction.query, new Set(projectNames), now);
  for (const [index, row] of rows.entries()) {
    const name = projectNames[index];
    if (name !== undefined && name !== null) row.project_id = projectIds.get(name) ?? "";
  }
  const changed = await statements.upsertSpans(transaction, rows);
  for (const attachment of attachments) {
    const values = {
      mime_type: attachment.mimeType,
      byte_length: attachment.bytes.byteLength,
      bytes: attachment.bytes,
    };
    await transaction.query
      .insertInto("attachment")
      .values({ span_id: attachment.spanId, name: attachment.name, ...values })
      .onConflict((conflict) =>
        conflict.columns(["span_id", "name"]).doUpdateSet(({ ref }) => ({
          mime_type: ref("excluded.mime_type"),
          byte_length: ref("excluded.byte_length"),
          bytes: ref("excluded.bytes"),
        })),
      )
      .execute();
  }
  if (feedback.length > 0) await writeFeedbackRows(transaction.query, feedback, now);
  if (changed.length === 0) return { touched: [] };
  const traces = await statements.upsertTraces(transaction, tracesOf(changed, toMicros(now)));
  return { touched: traces.map(toTouched) };
}

/** One row a trace: earliest start, and the end of its root where the root is among the rows. */
function tracesOf(rows: readonly SpanRowWrite[], changedAt: number): TraceTable[] {
  const traces = new Map<string, TraceTable>();
  for (const row of rows) {
    const startAt = row.start_at ?? changedAt;
    let trace = traces.get(row.trace_id);
    if (!trace) {
      trace = {
        id: row.trace_id,
        project_id: row.project_id,
        start_at: startAt,
        root_end_at: null,
        changed_at: changedAt,
        bytes: 0,
      };
      traces.set(row.trace_id, trace);
    }
    trace.bytes += ROW_BYTES + payloadBytes(row);
    trace.start_at = Math.min(trace.start_at, startAt);
    if (trace.project_id === "") trace.project_id = row.project_id;
    // A root that hangs below a foreign span has an id of its own; a patch does not say whether it is a root.
    const isRoot = row.id === row.trace_id || (row.op === "post" && row.parent_id === null);
    if (isRoot && row.end_at !== null) trace.root_end_at = row.end_at;
  }
  return [...traces.values()];
}

/** What a row costs beside its payloads, indexes included, about. */
const ROW_BYTES = 600;

async function ensureProjects(
  query: Kysely<Schema>,
  names: ReadonlySet<string | null>,
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const name of names) {
    if (name === null) continue;
    const find = query.selectFrom("project").select("id").where("name", "=", name);
    const known = await find.executeTakeFirst();
    if (!known) {
      await query
        .insertInto("project")
        .values(newProject({ name }, now))
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
    }
    ids.set(name, (known ?? (await find.executeTakeFirstOrThrow())).id);
  }
  return ids;
}

function toTouched(row: TraceTable): TouchedTrace {
  return {
    traceId: row.id,
    projectId: row.project_id,
    startAt: fromMicros(row.start_at),
    rootEndAt: fromMicrosOrNull(row.root_end_at),
    changedAt: fromMicros(row.changed_at),
  };
}
