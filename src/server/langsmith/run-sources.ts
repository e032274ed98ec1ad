import type { StoredSpan } from "../../model/stored-span.ts";
import type { RunSource } from "../../wire/langsmith/run-extras.ts";
import { attachmentUrls } from "../attachment-url.ts";
import type { ServerContext } from "../server-context.ts";

/** Gathers what the JSON of these runs needs beside the rows. */
export async function runSources(
  context: ServerContext,
  rows: readonly StoredSpan[],
  { origin, withFeedback }: { origin: string; withFeedback: boolean },
): Promise<RunSource[]> {
  const stats = withFeedback ? await context.store.feedbackStats({ runIds: rows.map((row) => row.id) }) : new Map();
  const hasAttachments = rows.some((row) => row.attachments.length > 0);
  const attachmentUrl = hasAttachments ? await attachmentUrls(context, origin) : (): string => "";
  return rows.map((span) => ({
    span,
    feedbackStats: stats.get(span.id) ?? null,
    attachmentUrl,
    shareUrl: (token) => `${origin}/public/${token}/r`,
  }));
}
