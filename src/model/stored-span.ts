import type { JsonObject } from "./json.ts";
import type { SpanStatus, TokenUsage } from "./trace.ts";

/** A span as it is stored. Payloads are the JSON bytes as they arrived; `null` when never sent or not selected. */
export interface StoredSpan {
  id: string;
  projectId: string;
  traceId: string;
  parentId: string | null;
  name: string;
  kind: string;
  startAt: number;
  endAt: number | null;
  dottedOrder: string;
  status: SpanStatus;
  error: string | null;
  tags: string[];
  metadata: JsonObject;
  model: string | null;
  usage: TokenUsage;
  firstTokenAt: number | null;
  threadId: string | null;
  referenceExampleId: string | null;
  shareToken: string | null;
  inputs: Uint8Array | null;
  outputs: Uint8Array | null;
  extra: Uint8Array | null;
  events: Uint8Array | null;
  serialized: Uint8Array | null;
  attachments: AttachmentHead[];
}

export interface AttachmentHead {
  name: string;
  mimeType: string;
  byteLength: number;
}
