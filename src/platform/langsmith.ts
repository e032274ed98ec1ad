import type { Client } from "langsmith";
import { mapWithLimit } from "../internal/map-with-limit.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import type { Trace } from "../model/trace.ts";
import { headOfRun, traceOfRuns, type ReadRun } from "../wire/from-run.ts";
import { eitherGeneration } from "./either-generation.ts";
import { projectNotFound } from "./embedded.ts";
import { langsmithEffects } from "./langsmith-effects.ts";
import { assertReachable, isMissingRoute, toPlatformError } from "./langsmith-errors.ts";
import { langsmithLateScores } from "./langsmith-late-scores.ts";
import type { Platform } from "./platform.ts";
import { pacedBy, rateLimiter, type RateLimiter } from "./rate-limiter.ts";
import { ONCE, runPages, v1Runs, type RunQuery } from "./run-pages.ts";

/** Fields of a run that make a head. LangSmith sends only the id unless asked. */
const HEAD_FIELDS = ["ID", "TRACE_ID", "START_TIME", "END_TIME", "STATUS"] as const;
const SPAN_FIELDS = [
  ...HEAD_FIELDS,
  "NAME",
  "RUN_TYPE",
  "ERROR",
  "EXTRA",
  "METADATA",
  "EVENTS",
  "INPUTS",
  "OUTPUTS",
  "PARENT_RUN_IDS",
  "PROJECT_ID",
  "THREAD_ID",
  "DOTTED_ORDER",
  "TOTAL_TOKENS",
  "PROMPT_TOKENS",
  "COMPLETION_TOKENS",
  "TOTAL_COST",
  "TAGS",
  "FEEDBACK_STATS",
] as const;

/** Traces read at the same time. */
const READ_CONCURRENCY = 6;
/** Runs of a page: what v2 gives at most. */
const PAGE = 1_000;
const IDS_A_QUERY = 500;
/** How long before its end a root may have begun and still be found where ends cannot be filtered by. */
const UNFILTERED_BACK_MS = 15 * 60_000;
/** Roots older than this are not waited for any more. */
const MAX_OPEN_MS = 30 * 24 * 60 * 60_000;
/** How far ahead of ours the clock of whoever traces may be. */
const MAX_AHEAD_MS = 24 * 60 * 60_000;

export interface LangSmithPlatformOptions {
  client: Client;
  /** Paces every request; shared by all platforms that talk to one server. @default one of its own */
  limiter?: RateLimiter;
}

/**
 * LangSmith Cloud, self-hosted LangSmith, or anything that speaks its API, through the official client. Reads the v2 API
 * and falls back to v1 where a deployment does not have it yet (v1 goes away after January 2027).
 */
export function langsmithPlatform({ client, limiter = rateLimiter() }: LangSmithPlatformOptions): Platform {
  const eitherWay = eitherGeneration();
  /** What fails is tried again by whoever asked, a delivery by its own schedule. */
  const once = pacedBy(limiter);
  const queryRuns = async function* (query: RunQuery): AsyncGenerator<ReadRun> {
    for await (const page of runPages(client, limiter, query)) yield* page;
  };
  /** Until a deployment refuses to filter by when a run ended. */
  let canFilter = true;

  async function readTrace(projectId: string, traceId: string, startAt: number): Promise<Trace | null> {
    const runs: ReadRun[] = [];
    const v2 = async function* (): AsyncGenerator<ReadRun> {
      const query = {
        project_id: projectId,
        min_start_time: new Date(startAt - 60_000).toISOString(),
        // The one is documented as "required together with" the other.
        max_start_time: new Date(Date.now() + MAX_AHEAD_MS).toISOString(),
        selects: [...SPAN_FIELDS],
      };
      const page = await limiter.run(() => client.traces.listRuns(traceId, query, ONCE));
      for (const run of page.items ?? []) yield run as ReadRun;
    };
    const v1 = (): AsyncIterable<ReadRun> => v1Runs(client, limiter, { projectId, traceId });
    for await (const run of eitherWay(v2, v1, "one")) runs.push(run);
    return traceOfRuns(runs, projectId);
  }

  return {
    name: "langsmith",
    store: null,
    reportsChanges: false,
    ...langsmithEffects(client, toPlatformError, once),
    ...langsmithLateScores(client, limiter),

    async projectId({ name }) {
      await assertReachable(client);
      try {
        const project = await once(() => client.readProject({ projectName: name }));
        if (project.id !== undefined) return project.id;
      } catch (error) {
        if (!/not found|404/i.test(errorMessage(error))) throw toPlatformError(error);
      }
      const known: string[] = [];
      try {
        for await (const project of client.listProjects({ referenceFree: true })) {
          if (project.name !== undefined && known.push(project.name) >= 20) break;
        }
      } catch (error) {
        throw toPlatformError(error);
      }
      throw projectNotFound(name, known);
    },

    async *traceHeads({ projectId, startFrom, startTo, changedFrom, started = [] }) {
      const wanted = changedFrom === undefined ? null : endedOrStarted(changedFrom, started);
      const filter = wanted !== null && canFilter ? { filter: wanted } : {};
      // Unfiltered, what ended lately is looked for among what started lately.
      const earliest = Math.min(...started.map(({ from }) => from), (changedFrom ?? 0) - UNFILTERED_BACK_MS);
      const min = new Date(wanted === null || canFilter ? startFrom : Math.max(startFrom, earliest));
      const v2 = (): AsyncIterable<ReadRun> =>
        queryRuns({
          project_ids: [projectId],
          is_root: true,
          min_start_time: min.toISOString(),
          ...(startTo === undefined ? {} : { max_start_time: new Date(startTo).toISOString() }),
          ...filter,
          selects: [...HEAD_FIELDS],
          page_size: PAGE,
        });
      const v1 = (): AsyncIterable<ReadRun> =>
        v1Runs(client, limiter, { projectId, isRoot: true, startTime: min, ...filter });
      const runs = eitherWay(v2, v1)[Symbol.asyncIterator]();
      let first;
      try {
        first = await runs.next();
      } catch (error) {
        if (wanted === null || !canFilter || !LoopsmithError.isInstance(error) || error.code !== "invalid") throw error;
        canFilter = false;
        yield* this.traceHeads({ projectId, startFrom, changedFrom: changedFrom as number, started });
        return;
      }
      let page = [];
      for (let next = first; !next.done; next = await runs.next()) {
        const run = next.value;
        const head = headOfRun(run);
        if (startTo !== undefined && head.startAt > startTo) continue;
        page.push(head);
        if (page.length < PAGE) continue;
        yield page;
        page = [];
      }
      if (page.length > 0) yield page;
    },

    async traceHeadsById({ projectId, traceIds }) {
      const heads = [];
      for (let at = 0; at < traceIds.length; at += IDS_A_QUERY) {
        const ids = traceIds.slice(at, at + IDS_A_QUERY);
        const v2 = (): AsyncIterable<ReadRun> =>
          queryRuns({
            project_ids: [projectId],
            ids,
            // Without bounds LangSmith looks at the last day only.
            min_start_time: new Date(Date.now() - MAX_OPEN_MS).toISOString(),
            selects: [...HEAD_FIELDS],
            page_size: PAGE,
          });
        const v1 = (): AsyncIterable<ReadRun> => v1Runs(client, limiter, { id: ids });
        for await (const run of eitherWay(v2, v1)) heads.push(headOfRun(run));
      }
      return heads;
    },

    async traceCount({ projectId, from, to }) {
      const [startTime, endTime] = [new Date(from).toISOString(), new Date(to).toISOString()];
      const filter = `and(gte(start_time, "${startTime}"), lt(start_time, "${endTime}"))`;
      try {
        const query = { projectIds: [projectId], isRoot: true, startTime, filter };
        const { run_count: count } = (await limiter.run(() => client.getRunStats(query))) as { run_count?: unknown };
        return typeof count === "number" ? count : null;
      } catch (error) {
        if (isMissingRoute(error)) return null;
        throw toPlatformError(error);
      }
    },

    async traceRead({ projectId, heads }) {
      const traces = await mapWithLimit(heads, READ_CONCURRENCY, (head) =>
        readTrace(projectId, head.traceId, head.startAt),
      );
      return traces.filter((trace) => trace !== null);
    },
  };
}

/** Roots that ended since, open ones left out, and roots that started in one of the stretches, ended or not. */
function endedOrStarted(endedFrom: number, started: readonly { from: number; to: number }[]): string {
  const time = (at: number): string => `"${new Date(at).toISOString()}"`;
  const ended = `gte(end_time, ${time(endedFrom)})`;
  if (started.length === 0) return ended;
  const stretches = started.map(({ from, to }) => `and(gte(start_time, ${time(from)}), lt(start_time, ${time(to)}))`);
  return `or(${[ended, ...stretches].join(", ")})`;
}
