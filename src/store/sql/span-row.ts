import type { SpanWrite } from "../../model/span-write.ts";
import type { SpanStatus } from "../../model/trace.ts";
import { cleanText } from "../../wire/clean-text.ts";
import { toMicros } from "./columns.ts";

/**
 * A span write as column values; `null` where nothing was sent. How the row merges with an existing one is the same on
 * every database: a `post` fills blanks, a `patch` overrides, and a write that changes nothing does not touch its trace.
 */
export interface SpanRowWrite {
  op: "post" | "patch";
  id: string;
  /** Empty when unknown so far. */
  project_id: string;
  trace_id: string;
  parent_id: string | null;
  name: string | null;
  kind: string | null;
  start_at: number | null;
  end_at: number | null;
  dotted_order: string | null;
  status: SpanStatus | null;
  error: string | null;
  tags_json: string | null;
  metadata_json: string | null;
  model: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cost: number | null;
  first_token_at: number | null;
  thread_id: string | null;
  reference_example_id: string | null;
  inputs: Uint8Array | null;
  outputs: Uint8Array | null;
  extra: Uint8Array | null;
  events: Uint8Array | null;
  serialized: Uint8Array | null;
}

/** The columns that merge by "keep what is there" / "take what came", in statement order. */
export const MERGED_COLUMNS = [
  "parent_id",
  "end_at",
  "error",
  "model",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "cost",
  "first_token_at",
  "thread_id",
  "reference_example_id",
  "inputs",
  "outputs",
  "extra",
  "events",
  "serialized",
] as const;

/** Columns that are never null: what stands for "not sent yet" in them. */
export const BLANKS = {
  project_id: "",
  name: "",
  kind: "",
  dotted_order: "",
  tags_json: "[]",
  metadata_json: "{}",
} as const;

export function toSpanRow(write: SpanWrite, projectId: string): SpanRowWrite {
  const usage = write.usage ?? {};
  return {
    op: write.op,
    id: write.id,
    project_id: projectId,
    trace_id: write.traceId ?? write.id,
    parent_id: write.parentId ?? null,
    name: textOrNull(write.name),
    kind: write.kind ?? null,
    start_at: write.startAt === undefined ? null : toMicros(write.startAt),
    end_at: write.endAt === undefined || write.endAt === null ? null : toMicros(write.endAt),
    dotted_order: write.dottedOrder ?? null,
    status: write.status ?? null,
    error: textOrNull(write.error),
    tags_json: write.tags ? JSON.stringify(write.tags) : null,
    metadata_json: write.metadata ? JSON.stringify(write.metadata) : null,
    model: textOrNull(write.model),
    prompt_tokens: usage.promptTokens ?? null,
    completion_tokens: usage.completionTokens ?? null,
    total_tokens: usage.totalTokens ?? null,
    cost: usage.cost ?? null,
    first_token_at: write.firstTokenAt === undefined ? null : toMicros(write.firstTokenAt),
    thread_id: textOrNull(write.threadId),
    reference_example_id: write.referenceExampleId ?? null,
    inputs: write.inputs ?? null,
    outputs: write.outputs ?? null,
    extra: write.extra ?? null,
    events: write.events ?? null,
    serialized: write.serialized ?? null,
  };
}

function textOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : cleanText(text);
}

export function payloadBytes({ inputs, outputs, extra, events, serialized }: SpanRowWrite): number {
  return (
    (inputs?.byteLength ?? 0) +
    (outputs?.byteLength ?? 0) +
    (extra?.byteLength ?? 0) +
    (events?.byteLength ?? 0) +
    (serialized?.byteLength ?? 0)
  );
}

export function statusOf(error: string | null, endAt: number | null): SpanStatus {
  if (error !== null) return "error";
  return endAt === null ? "pending" : "success";
}
