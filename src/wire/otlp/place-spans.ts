import { toIsoTime } from "../../internal/iso-time.ts";
import { isUuid } from "../../model/id.ts";
import { parseDottedOrder } from "../ingest/dotted-order.ts";
import type { Steps } from "../steps.ts";
import type { OtelSpan } from "./otel-span.ts";

/** Where a span stands among LangSmith's runs. */
export interface Place {
  id: string;
  traceId: string;
  /** `null` for a root. */
  parentId: string | null;
  /** Only where the whole way from the root is known. */
  dottedOrder: string | undefined;
}

/** Spans placed before other work gets a turn. */
const REST_EVERY = 1000;

/** Deeper spans get no dotted order: it grows with every level. */
const MAX_DOTTED_LEVELS = 100;

/** An OpenTelemetry trace id as the id of the trace and of its root. */
export function traceUuid(traceId: string): string {
  return `${traceId.slice(0, 8)}-${traceId.slice(8, 12)}-${traceId.slice(12, 16)}-${traceId.slice(16, 20)}-${traceId.slice(20)}`;
}

/** An OpenTelemetry span id as a run id, padded in front as LangSmith does it. */
export function spanUuid(spanId: string): string {
  return `${PADDING}${spanId.slice(0, 4)}-${spanId.slice(4)}`;
}

const PADDING = "00000000-0000-0000-";

/**
 * Whether the span begins its trace. LangSmith's Python client starts its roots below a span that is never sent, whose id
 * is the first half of the trace's.
 */
export function beginsTrace(span: OtelSpan): boolean {
  if (["langsmith.span.parent_id", "langsmith.span.dotted_order"].some((key) => span.attributes.has(key))) return false;
  return span.parentSpanId === null || span.parentSpanId === span.traceId.slice(0, 16);
}

/**
 * Ids, parents and order of the spans of one request. The root takes the trace's id, as LangSmith's roots do; every other
 * span the padded form of its own. LangSmith's own attributes go before both, and a trace id given by one of them holds
 * for the spans below it.
 *
 * `knownRoots` names the root's span id of traces whose root came earlier, so that its children find it.
 */
export function* placeSpansSteps(spans: readonly OtelSpan[], knownRoots: ReadonlyMap<string, string>): Steps<Place[]> {
  const bySpanId = new Map<string, OtelSpan>();
  const drafts = new Map<OtelSpan, Draft>();
  // A trace has one root; a second span without a parent keeps its own id, or one would overwrite the other.
  const roots = new Map(knownRoots);
  let work = 0;
  const tired = (): boolean => ++work % REST_EVERY === 0;
  for (const span of spans) {
    bySpanId.set(`${span.traceId}.${span.spanId}`, span);
    const traceId = traceUuid(span.traceId);
    if (beginsTrace(span) && !roots.has(traceId)) roots.set(traceId, span.spanId);
    drafts.set(span, draftOf(span, roots));
    if (tired()) yield;
  }
  const parentOf = (span: OtelSpan): OtelSpan | undefined => {
    const spanId = drafts.get(span)?.parentSpanId;
    const parent = spanId === undefined ? undefined : bySpanId.get(`${span.traceId}.${spanId}`);
    return parent === span ? undefined : parent;
  };
  const places = new Map<OtelSpan, Place & { levels: number }>();
  for (const span of spans) {
    // Ancestors first, without recursion; a span met twice closes a cycle and ends the way up.
    const path: OtelSpan[] = [];
    const onPath = new Set<OtelSpan>();
    for (let at: OtelSpan | undefined = span; at && !places.has(at) && !onPath.has(at); at = parentOf(at)) {
      path.push(at);
      onPath.add(at);
    }
    for (const at of path.reverse()) {
      const parent = parentOf(at);
      places.set(at, placeOf(at, drafts.get(at) as Draft, parent && drafts.get(parent), parent && places.get(parent)));
      if (tired()) yield;
    }
  }
  return spans.map((span) => places.get(span) as Place);
}

/** What a span tells of its place by itself. */
interface Draft {
  id: string;
  traceId: string | undefined;
  /** The span id of its parent in the same trace. */
  parentSpanId: string | undefined;
  parentId: string | null;
  dottedOrder: string | undefined;
}

function draftOf(span: OtelSpan, roots: ReadonlyMap<string, string>): Draft {
  const order = dottedOrderOf(span);
  const root = beginsTrace(span);
  const rootSpanId = roots.get(traceUuid(span.traceId));
  const traceId = uuidAttribute(span, "langsmith.trace.id") ?? order?.traceId;
  const attached = traceId !== undefined && traceId !== traceUuid(span.traceId);
  const id =
    uuidAttribute(span, "langsmith.span.id") ??
    order?.runId ??
    (root && !attached && rootSpanId === span.spanId ? traceUuid(span.traceId) : spanUuid(span.spanId));
  const given = uuidAttribute(span, "langsmith.span.parent_id");
  // LangSmith's span processor names the parent by its padded span id.
  const parentSpanId = given?.startsWith(PADDING)
    ? given.slice(PADDING.length).replace("-", "")
    : given === undefined && !root && !isLangSmithRoot(span)
      ? (span.parentSpanId ?? undefined)
      : undefined;
  const parentId =
    parentSpanId === undefined
      ? (given ?? order?.parentId ?? null)
      : rootSpanId === parentSpanId
        ? traceUuid(span.traceId)
        : spanUuid(parentSpanId);
  return { id, traceId, parentSpanId, parentId, dottedOrder: order?.text };
}

function placeOf(
  span: OtelSpan,
  draft: Draft,
  parentDraft?: Draft,
  parent?: Place & { levels: number },
): Place & { levels: number } {
  const traceId = draft.traceId ?? parent?.traceId ?? traceUuid(span.traceId);
  const parentId = parentDraft?.id ?? draft.parentId;
  const segment = `${toIsoTime(span.startAt).replace(/[-:.]/g, "")}${draft.id}`;
  const levels = (parent?.levels ?? 0) + 1;
  const computed =
    parentId === null && draft.id === traceId
      ? segment
      : parent?.dottedOrder !== undefined && levels <= MAX_DOTTED_LEVELS
        ? `${parent.dottedOrder}.${segment}`
        : undefined;
  return { id: draft.id, traceId, parentId, dottedOrder: draft.dottedOrder ?? computed, levels };
}

/** LangSmith's span processor marks the topmost span it lets through, whatever stands above it. */
function isLangSmithRoot(span: OtelSpan): boolean {
  const value = span.attributes.get("langsmith.is_root");
  return value === true || value === "true";
}

function uuidAttribute(span: OtelSpan, key: string): string | undefined {
  const value = span.attributes.get(key);
  return isUuid(value) ? value.toLowerCase() : undefined;
}

function dottedOrderOf(span: OtelSpan): ReturnType<typeof parseDottedOrder> | undefined {
  const value = span.attributes.get("langsmith.span.dotted_order");
  if (typeof value !== "string") return undefined;
  const id = uuidAttribute(span, "langsmith.span.id");
  try {
    const order = parseDottedOrder(value);
    // One that belongs to another run tells nothing of this one.
    return id === undefined || id === order.runId ? order : undefined;
  } catch {
    // The span itself is worth more than its attribute.
    return undefined;
  }
}
