import type { StoredSpan } from "../../model/stored-span.ts";
import type { StoredFeedback } from "../../model/stored-feedback.ts";
import type { Store } from "../../store/store.ts";
import type { SpanQuery } from "../../store/resource/span.ts";
import { spreadsheetLine } from "../../wire/csv.ts";
import { feedbackJson } from "../../wire/langsmith/feedback.ts";
import { payloadsOfV1, runV1Text, V1_FIELDS } from "../../wire/langsmith/run-v1.ts";
import { toIsoTime } from "../../internal/iso-time.ts";

/** Runs read at a time. */
const PAGE = 200;
/** Links and paths of a server say nothing in a file. */
const NOT_IN_FILES: ReadonlySet<string> = new Set(["s3_urls", "app_path", "share_token"]);
const FIELDS: ReadonlySet<string> = new Set(V1_FIELDS.filter((name) => !NOT_IN_FILES.has(name)));

export interface ExportRunsOptions {
  store: Store;
  selection: Omit<SpanQuery, "order" | "limit" | "cursor" | "payloads">;
  format: "jsonl" | "csv";
  /** Runs at most. @default all */
  limit?: number;
}

/** The lines of a file with runs, oldest first: JSON as LangSmith's v1 API writes it with all feedback, or CSV. */
export async function* exportRuns({
  store,
  selection,
  format,
  limit = Infinity,
}: ExportRunsOptions): AsyncGenerator<string> {
  if (format === "csv") yield spreadsheetLine(COLUMNS);
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = await store.spanQuery({
      ...selection,
      order: "asc",
      limit: Math.min(PAGE, left),
      ...(cursor === undefined ? {} : { cursor }),
      payloads: format === "csv" ? ["inputs", "outputs"] : payloadsOfV1(FIELDS),
    });
    const feedback = await feedbackOf(store, page.rows);
    for (const row of page.rows) {
      const given = feedback.get(row.id) ?? [];
      yield format === "csv" ? csvRow(row, given) : jsonLine(row, given);
    }
    left -= page.rows.length;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && left > 0);
}

async function feedbackOf(store: Store, rows: readonly StoredSpan[]): Promise<Map<string, StoredFeedback[]>> {
  const byRun = new Map<string, StoredFeedback[]>();
  const runIds = rows.map((row) => row.id);
  for (let offset = 0; runIds.length > 0; offset += PAGE) {
    const page = await store.feedbackList({ runIds, limit: PAGE, offset });
    for (const item of page) {
      const runId = item.runId ?? "";
      const list = byRun.get(runId);
      if (list) list.push(item);
      else byRun.set(runId, [item]);
    }
    if (page.length < PAGE) break;
  }
  return byRun;
}

function jsonLine(span: StoredSpan, feedback: readonly StoredFeedback[]): string {
  const text = runV1Text({ span, feedbackStats: null, attachmentUrl: () => "" }, FIELDS);
  const line = `${text.slice(0, -1)},"feedback":${JSON.stringify(feedback.map(feedbackJson))}}`;
  // Payloads are kept as they came, with line breaks between their tokens; inside of texts these are escaped.
  return line.replace(/[\r\n]+/g, " ");
}

const COLUMNS = [
  "id",
  "trace_id",
  "parent_run_id",
  "name",
  "run_type",
  "status",
  "start_time",
  "end_time",
  "latency_seconds",
  "error",
  "inputs",
  "outputs",
  "metadata",
  "tags",
  "thread_id",
  "model",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "total_cost",
  "reference_example_id",
  "feedback",
];

function csvRow(span: StoredSpan, feedback: readonly StoredFeedback[]): string {
  const { usage } = span;
  const scores = feedback.map(({ key, score, value, comment }) => ({ key, score, value, comment }));
  return spreadsheetLine([
    span.id,
    span.traceId,
    span.parentId,
    span.name,
    span.kind,
    span.status,
    toIsoTime(span.startAt),
    span.endAt === null ? null : toIsoTime(span.endAt),
    span.endAt === null ? null : (span.endAt - span.startAt) / 1000,
    span.error,
    textOf(span.inputs),
    textOf(span.outputs),
    JSON.stringify(span.metadata),
    span.tags.join(" "),
    span.threadId,
    span.model,
    usage.promptTokens ?? null,
    usage.completionTokens ?? null,
    usage.totalTokens ?? null,
    usage.cost ?? null,
    span.referenceExampleId,
    scores.length === 0 ? null : JSON.stringify(scores),
  ]);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
