import type { Json, JsonObject } from "./json.ts";
import type { SpanKind, SpanStatus, TokenUsage } from "./trace.ts";

/**
 * One arriving write of a span, already free of foreign names. `undefined` means "not sent": a merge keeps what is there.
 * Payloads are the JSON bytes as they came; only what is queried is extracted beside them.
 */
export interface SpanWrite {
  /** `post` creates and only fills blanks of what exists; `patch` overrides. They may arrive in any order. */
  op: "post" | "patch";
  id: string;
  traceId?: string;
  parentId?: string | null;
  dottedOrder?: string;
  projectId?: string;
  projectName?: string;
  name?: string;
  kind?: SpanKind;
  /** Epoch milliseconds, microseconds as the fraction. */
  startAt?: number;
  endAt?: number | null;
  status?: SpanStatus;
  error?: string | null;
  inputs?: Uint8Array;
  outputs?: Uint8Array;
  events?: Uint8Array;
  extra?: Uint8Array;
  serialized?: Uint8Array;
  /** `extra.metadata`. */
  metadata?: JsonObject;
  tags?: string[];
  model?: string;
  usage?: TokenUsage;
  firstTokenAt?: number;
  threadId?: string;
  referenceExampleId?: string;
}

export interface AttachmentWrite {
  spanId: string;
  name: string;
  mimeType: string;
  bytes: Uint8Array;
}

/** One arriving feedback. The same id again is an update. */
export interface FeedbackWrite {
  id: string;
  /** `null` for feedback on a whole project (summary evaluators). */
  runId: string | null;
  traceId?: string | null;
  projectId?: string | null;
  key: string;
  score?: number | null;
  value?: Json;
  comment?: string | null;
  correction?: Json;
  /** LangSmith's `feedback_source`: `{ type, metadata }`. */
  source?: JsonObject;
  extra?: JsonObject;
  groupId?: string | null;
  comparativeExperimentId?: string | null;
  createdAt?: number;
  modifiedAt?: number;
}
