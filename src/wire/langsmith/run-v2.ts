import { toIsoTime } from "../../internal/iso-time.ts";
import { rawJson, writeFields, type FieldTable } from "./raw-json.ts";
import { appPath, feedbackStatsJson, parentRunIds, previewOf, usageDetail, type RunSource } from "./run-extras.ts";
import { TENANT_ID } from "./tenant.ts";

/** Every field of a v2 run; its name in `selects` is the same in capitals. */
const FIELDS: FieldTable<RunSource> = {
  id: ({ span }) => span.id,
  name: ({ span }) => span.name,
  run_type: ({ span }) => span.kind.toUpperCase(),
  status: ({ span }) => span.status.toUpperCase(),
  start_time: ({ span }) => toIsoTime(span.startAt),
  end_time: ({ span }) => (span.endAt === null ? null : toIsoTime(span.endAt)),
  latency_seconds: ({ span }) => (span.endAt === null ? null : Math.max(0, span.endAt - span.startAt) / 1000),
  first_token_time: ({ span, subtree }) => {
    const at = subtree?.firstTokenAt ?? span.firstTokenAt;
    return at === null ? null : toIsoTime(at);
  },
  error: ({ span }) => span.error ?? undefined,
  error_preview: ({ span }) => span.error?.slice(0, 300),
  extra: ({ span }) => rawJson(span.extra) ?? { metadata: span.metadata },
  metadata: ({ span }) => span.metadata,
  events: ({ span }) => rawJson(span.events) ?? [],
  inputs: ({ span }) => rawJson(span.inputs) ?? {},
  inputs_preview: ({ span }) => previewOf(span.inputs) ?? undefined,
  outputs: ({ span }) => rawJson(span.outputs) ?? undefined,
  outputs_preview: ({ span }) => previewOf(span.outputs) ?? undefined,
  manifest: ({ span }) => rawJson(span.serialized) ?? undefined,
  parent_run_ids: ({ span }) => parentRunIds(span),
  project_id: ({ span }) => span.projectId,
  trace_id: ({ span }) => span.traceId,
  thread_id: ({ span }) => span.threadId ?? undefined,
  dotted_order: ({ span }) => span.dottedOrder,
  is_root: ({ span }) => span.parentId === null,
  reference_example_id: ({ span }) => span.referenceExampleId ?? undefined,
  reference_dataset_id: ({ referenceDatasetId }) => referenceDatasetId ?? undefined,
  total_tokens: ({ span, subtree }) => subtree?.totalTokens ?? span.usage.totalTokens ?? 0,
  prompt_tokens: ({ span, subtree }) => subtree?.promptTokens ?? span.usage.promptTokens ?? 0,
  completion_tokens: ({ span, subtree }) => subtree?.completionTokens ?? span.usage.completionTokens ?? 0,
  total_cost: ({ span, subtree }) => subtree?.cost ?? span.usage.cost,
  prompt_cost: (source) => usageDetail(source, "input_cost"),
  completion_cost: (source) => usageDetail(source, "output_cost"),
  prompt_token_details: (source) => usageDetail(source, "input_token_details"),
  completion_token_details: (source) => usageDetail(source, "output_token_details"),
  prompt_cost_details: (source) => usageDetail(source, "input_cost_details"),
  completion_cost_details: (source) => usageDetail(source, "output_cost_details"),
  tags: ({ span }) => span.tags,
  app_path: ({ span }) => appPath(span, TENANT_ID),
  attachments: ({ span, attachmentUrl }) =>
    Object.fromEntries(span.attachments.map(({ name }) => [name, attachmentUrl(span.id, name)])),
  is_in_dataset: ({ span }) => span.referenceExampleId !== null,
  share_url: ({ span, shareUrl }) => (span.shareToken === null ? undefined : shareUrl?.(span.shareToken)),
  feedback_stats: ({ feedbackStats }) => feedbackStatsJson(feedbackStats) ?? {},
};

/** What a caller gets who selects nothing. */
const DEFAULT_SELECT: ReadonlySet<string> = new Set(["id"]);

/** `["ID", "START_TIME"]` as field names; the id is always among them. */
export function selectOfV2(selects: readonly string[] | undefined): ReadonlySet<string> {
  if (selects === undefined || selects.length === 0) return DEFAULT_SELECT;
  return new Set(["id", ...selects.map((name) => name.toLowerCase())]);
}

/** One run as LangSmith's v2 API writes it. */
export function runV2Text(source: RunSource, select: ReadonlySet<string>): string {
  return writeFields(FIELDS, source, select);
}

/** The payload columns the selected fields are read from. */
export function payloadsOfV2(
  select: ReadonlySet<string>,
): ("inputs" | "outputs" | "extra" | "events" | "serialized" | "attachments")[] {
  const wants = (...fields: string[]): boolean => fields.some((field) => select.has(field));
  return [
    ...(wants("inputs", "inputs_preview") ? (["inputs"] as const) : []),
    ...(wants("outputs", "outputs_preview") ? (["outputs"] as const) : []),
    ...(wants("extra") ? (["extra"] as const) : []),
    ...(wants("events") ? (["events"] as const) : []),
    ...(wants("manifest") ? (["serialized"] as const) : []),
    ...(wants("attachments") ? (["attachments"] as const) : []),
  ];
}
