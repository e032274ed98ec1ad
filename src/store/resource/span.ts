import type { FilterExpression } from "../../wire/filter-ast.ts";
import type { AttachmentWrite, FeedbackWrite, SpanWrite } from "../../model/span-write.ts";
import type { StoredSpan } from "../../model/stored-span.ts";
import type { Trace, TraceHead } from "../../model/trace.ts";

export type { AttachmentHead } from "../../model/stored-span.ts";

/** The payload columns a caller may ask for; the rest of a row is always there. */
export type SpanPayload = "inputs" | "outputs" | "extra" | "events" | "serialized" | "attachments";

/** Which spans; every condition that is given must hold. */
export interface SpanSelection {
  projectIds?: readonly string[];
  ids?: readonly string[];
  traceIds?: readonly string[];
  parentId?: string;
  kind?: string;
  isRoot?: boolean;
  hasError?: boolean;
  startFrom?: number;
  startTo?: number;
  referenceExampleIds?: readonly string[];
  /** Spans of experiments on this dataset. */
  referenceDatasetId?: string;
  shareToken?: string;
  threadIds?: readonly string[];
  /** The span with this dotted order and everything below it. */
  atOrBelow?: string;
  /** On the span itself. */
  filter?: FilterExpression;
  /** On the root of the span's trace. */
  traceFilter?: FilterExpression;
  /** On any span of the span's trace. */
  treeFilter?: FilterExpression;
  /** Only feedback changed in this time (epoch ms, `to` exclusive) counts in the filters. */
  feedbackWindow?: { from?: number | undefined; to?: number | undefined };
}

export interface SpanQuery extends SpanSelection {
  /** By start time. */
  order: "asc" | "desc";
  limit: number;
  /** Opaque position from the previous page. */
  cursor?: string;
  payloads: readonly SpanPayload[];
}

export interface SpanPage {
  rows: StoredSpan[];
  /** `null` on the last page. */
  nextCursor: string | null;
}

/** A trace some write has touched. */
export interface TouchedTrace extends TraceHead {
  projectId: string;
}

/** Sums over all spans of a trace. */
export interface TraceTotals {
  totalTokens: number;
  /** US dollars; `null` when no span carries a cost. */
  cost: number | null;
  firstTokenAt: number | null;
}

export interface SpanIngestParams {
  spans: readonly SpanWrite[];
  attachments?: readonly AttachmentWrite[];
  feedback?: readonly FeedbackWrite[];
  /** The payloads are not needed any more: a store that writes elsewhere may take their memory along. @default false */
  ownsPayloads?: boolean;
}

export interface SpanStore {
  /**
   * Writes spans, attachments and feedback in one transaction. Posts and patches of one id merge in any order: a field
   * that was not sent keeps what is there. Sending the same content again changes nothing.
   */
  spanIngest(params: SpanIngestParams): Promise<{ touched: TouchedTrace[] }>;
  /**
   * Puts in order what arrived piece by piece: children that know the root by another id (`rootAlias`) get it as their
   * parent, and spans whose ancestors are all there now get the dotted order their sender could not know.
   */
  traceComplete(params: { traces: readonly { traceId: string; rootAlias?: string }[] }): Promise<void>;
  spanQuery(params: SpanQuery): Promise<SpanPage>;
  /** Adds a tag without counting as a change of the trace. */
  spanTag(params: { id: string; tag: string }): Promise<boolean>;
  /**
   * Makes the span readable by a share token and returns the token: the one given, or the one it has, or a new one.
   * `null` when there is no such span.
   */
  spanShare(params: { id: string; token?: string }): Promise<string | null>;
  spanUnshare(params: { id: string }): Promise<void>;
  attachmentGet(params: { spanId: string; name: string }): Promise<{ mimeType: string; bytes: Uint8Array } | null>;

  /** Trace heads by change time, oldest first, for the loop's sweeps. */
  traceHeads(params: {
    projectId: string;
    changedFrom: number;
    changedTo?: number;
    startFrom?: number;
    limit: number;
    /** Resume after this head. */
    after?: { changedAt: number; traceId: string };
  }): Promise<TraceHead[]>;
  traceTotals(params: { traceIds: readonly string[] }): Promise<Map<string, TraceTotals>>;
  /** Whole traces, payloads parsed, feedback included; unknown ids are left out. */
  traceRead(params: { traceIds: readonly string[] }): Promise<Trace[]>;
}
