import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { SpanStats } from "../../model/span-stats.ts";
import type { Thread } from "../../model/thread.ts";
import type { SpanSelection } from "./span.ts";

export interface SpanStatsStore {
  spanStats(params: SpanSelection): Promise<SpanStats>;
  /** Feedback on the selected spans, by key. */
  spanFeedbackStats(params: SpanSelection): Promise<FeedbackStats>;
  /** Feedback on the project itself (summary evaluators), by key. */
  projectFeedbackStats(params: { projectId: string }): Promise<FeedbackStats>;
  /** Threads among the selected roots, the one that was active last first. */
  threadList(params: SpanSelection & { projectId: string; limit: number; offset: number }): Promise<{
    rows: Thread[];
    total: number;
  }>;
}
