import { toIsoTime } from "../../internal/iso-time.ts";
import type { Json } from "../../model/json.ts";
import type { SpanStatus } from "../../model/trace.ts";
import { rawJson, writeFields, type FieldTable } from "./raw-json.ts";
import { appPath, feedbackStatsJson, parentRunIds, previewOf, usageDetail, type RunSource } from "./run-extras.ts";
import { TENANT_ID } from "./tenant.ts";

/** Every field of a v1 run, and how to read it. */
const FIELDS: FieldTable<RunSource> = {
  id: ({ span }) => span.id,
  name: ({ span }) => span.name,
  run_type: ({ span }) => span.kind,
  trace_id: ({ span }) => span.traceId,
  dotted_order: ({ span }) => span.dottedOrder,
  session_id: ({ span }) => span.projectId,
  status: ({ span }): SpanStatus => span.status,
  start_time: ({ span }) => zonelessTime(span.startAt),
  end_time: ({ span }) => (span.endAt === null ? null : zonelessTime(span.endAt)),
  error: ({ span }) => span.error,
  inputs: ({ span }) => rawJson(span.inputs) ?? {},
  outputs: ({ span }) => rawJson(span.outputs),
  inputs_preview: ({ span }) => previewOf(span.inputs),
  outputs_preview: ({ span }) => previewOf(span.outputs),
  extra: ({ span }) => rawJson(span.extra) ?? { metadata: span.metadata },
  events: ({ span }) => rawJson(span.events) ?? [],
  serialized: ({ span }) => rawJson(span.serialized),
  tags: ({ span }) => span.tags,
  parent_run_id: ({ span }) => span.parentId,
  parent_run_ids: ({ span }) => parentRunIds(span),
  child_run_ids: ({ childRunIds }) => childRunIds ?? null,
  direct_child_run_ids: ({ directChildRunIds }) => directChildRunIds ?? null,
  execution_order: () => 1,
  thread_id: ({ span }) => span.threadId,
  reference_example_id: ({ span }) => span.referenceExampleId,
  reference_dataset_id: ({ referenceDatasetId }) => referenceDatasetId ?? null,
  in_dataset: ({ span }) => span.referenceExampleId !== null,
  first_token_time: ({ span }) => (span.firstTokenAt === null ? null : toIsoTime(span.firstTokenAt)),
  total_tokens: ({ span }) => span.usage.totalTokens ?? 0,
  prompt_tokens: ({ span }) => span.usage.promptTokens ?? 0,
  completion_tokens: ({ span }) => span.usage.completionTokens ?? 0,
  total_cost: ({ span }) => (span.usage.cost === undefined ? null : String(span.usage.cost)),
  prompt_cost: (source) => costText(usageDetail(source, "input_cost")),
  completion_cost: (source) => costText(usageDetail(source, "output_cost")),
  prompt_token_details: (source) => usageDetail(source, "input_token_details") ?? null,
  completion_token_details: (source) => usageDetail(source, "output_token_details") ?? null,
  prompt_cost_details: (source) => usageDetail(source, "input_cost_details") ?? null,
  completion_cost_details: (source) => usageDetail(source, "output_cost_details") ?? null,
  feedback_stats: ({ feedbackStats }) => feedbackStatsJson(feedbackStats),
  app_path: ({ span }) => appPath(span, TENANT_ID),
  share_token: ({ span }) => span.shareToken,
  manifest_id: () => null,
  last_queued_at: () => null,
  trace_tier: () => "longlived",
  ttl_seconds: () => null,
  s3_urls: ({ span, attachmentUrl }) =>
    span.attachments.length === 0
      ? null
      : Object.fromEntries(
          span.attachments.map(({ name, mimeType }) => [
            `attachment.${name}`,
            { presigned_url: attachmentUrl(span.id, name), s3_url: null, mime_type: mimeType },
          ]),
        ),
};

/** UTC, but LangSmith's v1 does not say so: today's clients add the zone, and code written for older ones expects none. */
function zonelessTime(ms: number): string {
  return toIsoTime(ms).slice(0, -1);
}

function costText(cost: Json | undefined): string | null {
  return typeof cost === "number" ? String(cost) : null;
}

/** Fields that come along with another: LangSmith sends them unasked, and its clients count on it. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  inputs: ["s3_urls"],
  outputs: ["s3_urls"],
  prompt_tokens: ["prompt_token_details"],
  completion_tokens: ["completion_token_details"],
  prompt_cost: ["prompt_cost_details"],
  completion_cost: ["completion_cost_details"],
};

/** The fields of a v1 `select`, with their companions. */
export function selectOfV1(select: readonly string[]): ReadonlySet<string> {
  return new Set(
    select.flatMap((name) => [name, ...(Object.hasOwn(COMPANIONS, name) ? (COMPANIONS[name] ?? []) : [])]),
  );
}

/** The names of all fields. */
export const V1_FIELDS: readonly string[] = Object.keys(FIELDS);

/** One run as LangSmith's v1 API writes it; only the selected fields, or all. */
export function runV1Text(source: RunSource, select?: ReadonlySet<string>): string {
  return writeFields(FIELDS, source, select);
}

/** The payload columns the selected fields are read from. */
export function payloadsOfV1(
  select?: ReadonlySet<string>,
): ("inputs" | "outputs" | "extra" | "events" | "serialized" | "attachments")[] {
  const wants = (...fields: string[]): boolean => !select || fields.some((field) => select.has(field));
  return [
    ...(wants("inputs", "inputs_preview") ? (["inputs"] as const) : []),
    ...(wants("outputs", "outputs_preview") ? (["outputs"] as const) : []),
    ...(wants("extra") ? (["extra"] as const) : []),
    ...(wants("events") ? (["events"] as const) : []),
    ...(wants("serialized") ? (["serialized"] as const) : []),
    ...(wants("s3_urls") ? (["attachments"] as const) : []),
  ];
}
