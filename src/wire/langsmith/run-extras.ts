import { isJsonObject, type Json } from "../../model/json.ts";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { StoredSpan } from "../../model/stored-span.ts";

/** What a run's JSON needs beside the span itself. */
export interface RunSource {
  span: StoredSpan;
  /** `null` when the run has no feedback or it was not asked for. */
  feedbackStats: FeedbackStats | null;
  /** Where one of the span's attachments can be fetched. */
  attachmentUrl: (spanId: string, name: string) => string;
  /** Where a shared run can be seen. */
  shareUrl?: (shareToken: string) => string;
  /** Every run below, and the direct children; only when asked for. */
  childRunIds?: string[];
  directChildRunIds?: string[];
  /** Sums over the run and everything below it, where these are to stand in the place of its own. */
  subtree?: SubtreeUsage;
  /** The dataset of the reference example. */
  referenceDatasetId?: string | null;
}

/** Tokens and cost of a run with all runs below it. */
export interface SubtreeUsage {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
  /** US dollars; `null` when nothing below carries a cost. */
  cost: number | null;
  firstTokenAt: number | null;
}

/** What the tracing client told of the usage; only the sums stand in columns. */
export function usageDetail({ span }: RunSource, name: string): Json | undefined {
  const usage = span.metadata["usage_metadata"];
  return isJsonObject(usage) ? usage[name] : undefined;
}

/** LangSmith's `feedback_stats`: `{ key: { n, avg, values, ... } }`. */
export function feedbackStatsJson(stats: FeedbackStats | null): Record<string, object> | null {
  if (stats === null) return null;
  return Object.fromEntries(
    Object.entries(stats).map(([key, { n, avg, values, min, max, stdev }]) => [
      key,
      {
        n,
        avg,
        ...(stdev === undefined ? {} : { stdev, min: min ?? null, max: max ?? null }),
        show_feedback_arrow: false,
        values,
      },
    ]),
  );
}

/** Ancestors from the root down to the direct parent, read off the dotted order. */
export function parentRunIds(span: StoredSpan): string[] {
  const segments = span.dottedOrder === "" ? [] : span.dottedOrder.split(".").slice(0, -1);
  const ids = segments.map((segment) => segment.slice(segment.indexOf("Z") + 1));
  if (ids.length === 0 && span.parentId !== null) return [span.parentId];
  return ids;
}

/** The first characters of a payload, for lists. */
const PREVIEW_LENGTH = 300;

/** A short plain text of a payload: the single string in it, or its JSON. */
export function previewOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4 * PREVIEW_LENGTH)).toString(
    "utf8",
  );
  const lone = /^\s*\{\s*"[^"\\]*"\s*:\s*("(?:[^"\\]|\\.)*")\s*\}\s*$/.exec(text);
  const plain = lone?.[1] === undefined ? text : (JSON.parse(lone[1]) as string);
  return plain.slice(0, PREVIEW_LENGTH);
}

/** The path of the run in the web interface. */
export function appPath(span: StoredSpan, tenantId: string): string {
  const query = new URLSearchParams({ trace_id: span.traceId });
  return `/o/${tenantId}/projects/p/${span.projectId}/r/${span.id}?${query.toString()}`;
}
