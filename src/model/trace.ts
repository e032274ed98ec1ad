import type { Json, JsonObject } from "./json.ts";

/** LangSmith's run types. Unknown ones are kept as they come. */
export type SpanKind = "chain" | "llm" | "tool" | "retriever" | "embedding" | "prompt" | "parser" | (string & {});

export type SpanStatus = "pending" | "success" | "error";

/** A score that stands on a span, whoever gave it. LangSmith calls it feedback. */
export interface SpanScore {
  key: string;
  /** `null` when the feedback carries only a value or a comment. */
  score: number | null;
  value?: Json;
  comment?: string;
  /** A program gave it (LangSmith's source type `model`), as far as the platform says. */
  byModel?: true;
}

export interface TokenUsage {
  promptTokens?: number;
  completionTokens?: number;
  totalTokens?: number;
  /** US dollars. */
  cost?: number;
}

/** One unit of work inside a trace. LangSmith calls it a run. */
export interface Span {
  id: string;
  traceId: string;
  /** `null` on the root. May name a span that never arrived. */
  parentId: string | null;
  name: string;
  kind: SpanKind;
  /** Epoch milliseconds, with microseconds as the fraction. */
  startAt: number;
  /** `null` while the span runs. */
  endAt: number | null;
  /** LangSmith's sortable path: `<start><id>` segments joined by dots, root first. */
  dottedOrder: string;
  status: SpanStatus;
  error: string | null;
  inputs: JsonObject;
  outputs: JsonObject | null;
  metadata: JsonObject;
  tags: string[];
  model: string | null;
  usage: TokenUsage;
  /** Streaming and log events, as LangSmith sends them. */
  events: JsonObject[];
  /** Feedback already on the span when the trace was read, oldest first. */
  scores: SpanScore[];
}

/** A whole execution: a root span and everything below it. */
export interface Trace {
  id: string;
  projectId: string;
  projectName: string;
  /** Grows by one each time a settled trace gains or changes spans. Starts at 1. */
  revision: number;
  root: Span;
  /** Every span, root first, in `dottedOrder` (start order within a parent). */
  spans: Span[];
  /** LangSmith's conversation id from metadata (`session_id`, `thread_id` or `conversation_id`), if any. */
  threadId: string | null;
}

/** A finished span with these fields; every other one is quiet: the root of its own trace, empty, instant, no error. */
export function createSpan(part: Partial<Span> & Pick<Span, "id">): Span {
  const { id, startAt = 0, error = null } = part;
  return {
    traceId: id,
    parentId: null,
    name: "",
    kind: "chain",
    startAt,
    endAt: startAt,
    dottedOrder: id,
    status: error === null ? "success" : "error",
    error,
    inputs: {},
    outputs: null,
    metadata: {},
    tags: [],
    model: null,
    usage: {},
    events: [],
    scores: [],
    ...part,
  };
}

/** A trace below this root, which is put first; it need not be among the spans. */
export function createTrace(root: Span, spans: Span[], part: Partial<Omit<Trace, "root" | "spans">> = {}): Trace {
  return {
    id: root.traceId,
    projectId: "",
    projectName: "",
    revision: 1,
    root,
    spans: spans[0] === root ? spans : [root, ...spans.filter((span) => span !== root)],
    threadId: null,
    ...part,
  };
}

/** The span that bears the trace's id, else the first without a parent, else the first. */
export function findRoot(spans: readonly Span[]): Span | undefined {
  return spans.find((span) => span.id === span.traceId) ?? spans.find((span) => span.parentId === null) ?? spans[0];
}

/** What a platform knows of a trace without reading its spans. */
export interface TraceHead {
  traceId: string;
  startAt: number;
  /** When the root ended; `null` while it runs. */
  rootEndAt: number | null;
  /** Epoch ms of the last change the platform reports for the trace. */
  changedAt: number;
  /** By whose clock: that of the store that took the trace, or of whoever sent it (`changedAt` is its end). @default "store" */
  clock?: "store" | "sender";
}

/** Children of each span by parent id, in span order; spans whose parent is missing hang under the root. */
export function childrenByParent(trace: Trace): Map<string, Span[]> {
  const known = new Set(trace.spans.map((span) => span.id));
  const children = new Map<string, Span[]>();
  for (const span of trace.spans) {
    if (span.id === trace.root.id) continue;
    const parent =
      span.parentId !== null && known.has(span.parentId) && span.parentId !== span.id ? span.parentId : trace.root.id;
    const list = children.get(parent);
    if (list) list.push(span);
    else children.set(parent, [span]);
  }
  return children;
}

/** Wall time in ms, or `null` while the span runs. */
export function spanLatencyMs(span: Span): number | null {
  return span.endAt === null ? null : Math.max(0, span.endAt - span.startAt);
}

/** `session_id`, `thread_id` or `conversation_id` of the metadata, in LangSmith's order of precedence. */
export function threadIdOf(metadata: JsonObject): string | null {
  for (const key of ["session_id", "thread_id", "conversation_id"]) {
    const value = metadata[key];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}
