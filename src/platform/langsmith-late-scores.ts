import type { Client } from "langsmith";
import { isByProgram } from "../model/feedback-source.ts";
import type { StandingScore } from "../model/standing-score.ts";
import { scoresOf, type ReadRun } from "../wire/from-run.ts";
import { parseTime } from "../wire/parse-time.ts";
import { feedbackOfRuns } from "./feedback-of-runs.ts";
import { langsmithCall } from "./langsmith-call.ts";
import { isMissingRoute, toPlatformError } from "./langsmith-errors.ts";
import type { Platform } from "./platform.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { runPages, type RunQuery } from "./run-pages.ts";

const PAGE = 1_000;

/** Feedback that came after its trace: asked for by when it changed, which the v2 API filters by and v1 cannot. */
export function langsmithLateScores(
  client: Client,
  limiter: RateLimiter,
): Required<Pick<Platform, "scoresChanged" | "scoredByPeople">> {
  /** Until a deployment does not have the route, or refuses to filter by when feedback changed. */
  let canAsk = true;
  return {
    async *scoresChanged({ projectId, keys, startFrom, since }) {
      if (!canAsk) return;
      const filters = keys.map((key) => `eq(feedback_key, ${JSON.stringify(key)})`);
      const query: RunQuery = {
        project_ids: [projectId],
        min_start_time: new Date(startFrom).toISOString(),
        min_feedback_modified_at: new Date(since).toISOString(),
        filter: filters.length === 1 ? filters.join("") : `or(${filters.join(", ")})`,
        selects: ["ID", "TRACE_ID", "START_TIME", "FEEDBACK_STATS"],
        page_size: PAGE,
      };
      try {
        for await (const page of runPages(client, limiter, query)) yield page.flatMap((run) => standing(run, keys));
      } catch (error) {
        const problem = toPlatformError(error);
        if (!isMissingRoute(error) && problem.code !== "invalid") throw problem;
        canAsk = false;
      }
    },

    async scoredByPeople({ scores, since }) {
      const runIds = [...new Set(scores.map(({ spanId }) => spanId))];
      const feedbackKeys = [...new Set(scores.map(({ key }) => key))];
      const found = await langsmithCall(() =>
        feedbackOfRuns(client, (call) => limiter.run(call), { runIds, feedbackKeys }),
      );
      const given = new Set<string>();
      for (const item of found) {
        const changedAt = parseTime(item.modified_at) ?? parseTime(item.created_at) ?? 0;
        if (changedAt >= since && !isByProgram(item.feedback_source?.type)) given.add(`${item.run_id} ${item.key}`);
      }
      return scores.filter(({ spanId, key }) => given.has(`${spanId} ${key}`));
    },
  };
}

function standing(run: ReadRun, keys: readonly string[]): StandingScore[] {
  const spanId = run.id ?? "";
  return scoresOf(run.feedback_stats).flatMap(({ key, score }) =>
    keys.includes(key) && score !== null ? [{ traceId: run.trace_id ?? spanId, spanId, key, score }] : [],
  );
}
