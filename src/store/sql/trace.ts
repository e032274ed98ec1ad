import { sql } from "kysely";
import { isByProgram } from "../../model/feedback-source.ts";
import { isJsonObject, payloadObject, type JsonObject } from "../../model/json.ts";
import { createTrace, findRoot, type Span, type SpanScore, type Trace } from "../../model/trace.ts";
import type { SpanStore } from "../resource/span.ts";
import { chunksOf, fromMicros, fromMicrosOrNull, parseJson, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { SpanTable } from "./schema.ts";
import { spanFacts, TRACE_COLUMNS } from "./span.ts";

const PAYLOADS = ["inputs", "outputs", "events"] as const;

type ReadSpan = Pick<SpanTable, (typeof TRACE_COLUMNS)[number]> &
  Record<(typeof PAYLOADS)[number], Uint8Array | string | null>;

export function traceStore(db: Database): Pick<SpanStore, "traceHeads" | "traceRead"> {
  return {
    async traceHeads(params) {
      let query = db.read
        .selectFrom("trace")
        .selectAll()
        .where("project_id", "=", params.projectId)
        .where("changed_at", ">=", toMicros(params.changedFrom));
      if (params.changedTo !== undefined) query = query.where("changed_at", "<=", toMicros(params.changedTo));
      if (params.startFrom !== undefined) query = query.where("start_at", ">=", toMicros(params.startFrom));
      if (params.after) {
        query = query.where(
          sql<boolean>`(changed_at, id) > (${toMicros(params.after.changedAt)}, ${params.after.traceId})`,
        );
      }
      const rows = await query.orderBy("changed_at").orderBy("id").limit(params.limit).execute();
      return rows.map((row) => ({
        traceId: row.id,
        startAt: fromMicros(row.start_at),
        rootEndAt: fromMicrosOrNull(row.root_end_at),
        changedAt: fromMicros(row.changed_at),
      }));
    },

    async traceRead({ traceIds }) {
      const traces: Trace[] = [];
      for (const chunk of chunksOf(traceIds, 200)) traces.push(...(await readChunk(db, chunk)));
      return traces;
    },
  };
}

async function readChunk(db: Database, traceIds: string[]): Promise<Trace[]> {
  const [rows, feedback] = await Promise.all([
    db.read
      .selectFrom("span")
      .select([...TRACE_COLUMNS, ...PAYLOADS.map((name) => db.dialect.payloadToParse(sql.ref(name)).as(name))])
      .where("trace_id", "in", traceIds)
      .orderBy("dotted_order")
      .execute(),
    // By run, of which there is an index; whoever wrote the feedback may not have known the trace.
    db.read
      .selectFrom("feedback")
      .innerJoin("span", "span.id", "feedback.run_id")
      .select(["run_id", "key", "score", "value_json", "comment", "source_type"])
      .where("span.trace_id", "in", traceIds)
      .orderBy("created_at")
      .execute(),
  ]);
  const scores = new Map<string, SpanScore[]>();
  for (const row of feedback) {
    if (row.run_id === null) continue;
    const list = scores.get(row.run_id) ?? [];
    scores.set(row.run_id, list);
    const value = parseJson(row.value_json);
    list.push({
      key: row.key,
      score: row.score,
      ...(value === null ? {} : { value }),
      ...(row.comment === null ? {} : { comment: row.comment }),
      ...(isByProgram(row.source_type) ? { byModel: true as const } : {}),
    });
  }
  const byTrace = new Map<string, Span[]>();
  const projectIds = new Map<string, string>();
  const threadIds = new Map<string, string | null>();
  for (const row of rows) {
    const spans = byTrace.get(row.trace_id) ?? [];
    byTrace.set(row.trace_id, spans);
    spans.push(toSpan(row, scores.get(row.id) ?? []));
    threadIds.set(row.id, row.thread_id);
    if (row.project_id !== "") projectIds.set(row.trace_id, row.project_id);
  }
  const names = await projectNames(db, [...new Set(projectIds.values())]);
  const traces: Trace[] = [];
  for (const traceId of traceIds) {
    const spans = byTrace.get(traceId);
    const root = spans && findRoot(spans);
    if (!root) continue;
    const projectId = projectIds.get(traceId) ?? "";
    const threadId = threadIds.get(root.id) ?? null;
    traces.push(createTrace(root, spans, { projectId, projectName: names.get(projectId) ?? "", threadId }));
  }
  return traces;
}

async function projectNames(db: Database, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.read.selectFrom("project").select(["id", "name"]).where("id", "in", ids).execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}

function toSpan(row: ReadSpan, scores: SpanScore[]): Span {
  return {
    ...spanFacts(row),
    inputs: payloadObject(parsePayload(row.inputs)) ?? {},
    outputs: payloadObject(parsePayload(row.outputs)),
    events: eventsOf(row.events),
    scores,
  };
}

function eventsOf(payload: Uint8Array | string | null): JsonObject[] {
  const value = parsePayload(payload);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function parsePayload(payload: Uint8Array | string | null): unknown {
  if (payload === null) return null;
  try {
    if (typeof payload === "string") return JSON.parse(payload);
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8"));
  } catch {
    // Stored as it came; whoever sent bytes that are no JSON still gets them back on a read of the span.
    return null;
  }
}
