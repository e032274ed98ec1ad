import type { Client } from "langsmith";
import type { ExperimentPlatform, ExperimentResult, ResultScore } from "../remedy/experiment-platform.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { stableId } from "../model/id.ts";
import { dottedOrder } from "../wire/dotted-order.ts";
import { evaluatorOf, personOf } from "../wire/feedback-source.ts";
import type { ReadRun } from "../wire/from-run.ts";
import { parseTime } from "../wire/parse-time.ts";
import { eitherGeneration } from "./either-generation.ts";
import { feedbackOfRuns, type ReadFeedback } from "./feedback-of-runs.ts";
import { isStatus, langsmithCall } from "./langsmith-call.ts";
import { langsmithEffects } from "./langsmith-effects.ts";
import { toPlatformError } from "./langsmith-errors.ts";
import { pacedBy, type Paced, type RateLimiter } from "./rate-limiter.ts";
import { runPages, v1Runs, type RunQuery } from "./run-pages.ts";

const PAGE = 100;
const DAY_MS = 24 * 60 * 60_000;
/** Where an experiment's own cost stands: LangSmith counts only what models it knows cost. */
const COST = "loopsmith_cost_usd";
const TOKENS = "loopsmith_tokens";

const RESULT_FIELDS = [
  "ID",
  "START_TIME",
  "END_TIME",
  "ERROR",
  "EXTRA",
  "METADATA",
  "INPUTS",
  "OUTPUTS",
  "REFERENCE_EXAMPLE_ID",
  "TOTAL_TOKENS",
  "TOTAL_COST",
] as const;

/** What an experiment's runs came to, with the feedback on them. */
export function langsmithResults(
  client: Client,
  limiter: RateLimiter,
): Pick<ExperimentPlatform, "resultWrite" | "resultList" | "feedbackList"> {
  const paced = pacedBy(limiter);
  const effects = langsmithEffects(client, toPlatformError, paced);
  const eitherWay = eitherGeneration();

  /** The root runs of an experiment, of either API generation. */
  async function* rootsOf(projectId: string): AsyncGenerator<ReadResult> {
    const { start_time: startTime } = await paced(() => client.readProject({ projectId }));
    // Without a bound LangSmith looks at the last day only.
    const from = (parseTime(startTime) ?? Date.now() - 30 * DAY_MS) - DAY_MS;
    const query: RunQuery = {
      project_ids: [projectId],
      is_root: true,
      min_start_time: new Date(from).toISOString(),
      selects: [...RESULT_FIELDS],
      page_size: PAGE,
    };
    const v2 = async function* (): AsyncGenerator<ReadRun> {
      for await (const page of runPages(client, limiter, query)) yield* page;
    };
    yield* eitherWay(v2, () => v1Runs(client, limiter, { projectId, isRoot: true }));
  }

  return {
    resultWrite: ({ experimentId, result }) =>
      langsmithCall(async () => {
        try {
          // The route that is answered when it is done; the client's queue would lose what a crash catches in it.
          await paced(() => client.batchIngestRuns({ runCreates: runsOf(experimentId, result) as never }));
        } catch (error) {
          if (!isStatus(error, 409)) throw error;
        }
        await effects.feedbackWrite({
          feedback: result.scores.map((score) => ({
            id: score.id,
            runId: result.runId,
            traceId: result.runId,
            projectId: experimentId,
            startAt: result.startAt,
            key: score.key,
            score: score.score,
            ...(score.value === undefined ? {} : { value: score.value }),
            ...(score.comment === undefined ? {} : { comment: score.comment }),
            extra: { evaluator: score.evaluator, evaluator_version: score.evaluatorVersion },
            source: { type: "model" },
          })),
        });
      }),

    feedbackList: ({ runIds }) =>
      langsmithCall(async () => {
        const found = await feedbackOf(client, paced, runIds);
        return found.map(({ run_id, key, score, comment, correction, feedback_source }) => ({
          runId: run_id,
          key,
          score: numberOf(score),
          comment: typeof comment === "string" && comment !== "" ? comment : null,
          correction: (correction ?? null) as Json,
          who: personOf(feedback_source),
        }));
      }),

    resultList: ({ experimentId }) =>
      langsmithCall(async () => {
        const runs: ReadResult[] = [];
        for await (const run of rootsOf(experimentId)) runs.push(run);
        const scores = new Map<string, ResultScore[]>();
        for (const item of await feedbackOf(
          client,
          paced,
          runs.map((run) => run.id ?? ""),
        )) {
          const score: ResultScore = {
            id: item.id,
            key: item.key,
            score: numberOf(item.score),
            ...(item.value === null || item.value === undefined ? {} : { value: item.value as Json }),
            ...(typeof item.comment === "string" ? { comment: item.comment } : {}),
            ...evaluatorOf(item.feedback_source),
          };
          scores.set(item.run_id, [...(scores.get(item.run_id) ?? []), score]);
        }
        return runs.map((run) => toResult(run, scores.get(run.id ?? "") ?? []));
      }),
  };
}

/** A root run of an experiment, of either API generation. */
type ReadResult = ReadRun & { reference_example_id?: string | null };

function runsOf(experimentId: string, result: ExperimentResult): JsonObject[] {
  const { runId, startAt, endAt, costUsd, tokens } = result;
  const iso = (at: number): string => new Date(at).toISOString();
  const order = dottedOrder(startAt, runId);
  const metadata: JsonObject = {
    ...result.metadata,
    repetition: result.repetition,
    ...(costUsd === null ? {} : { [COST]: costUsd }),
    ...(tokens === null ? {} : { [TOKENS]: tokens }),
  };
  const root: JsonObject = {
    id: runId,
    trace_id: runId,
    dotted_order: order,
    session_id: experimentId,
    name: "target",
    run_type: "chain",
    start_time: iso(startAt),
    end_time: iso(endAt),
    inputs: result.inputs,
    ...(result.outputs ? { outputs: result.outputs } : {}),
    ...(result.error === null ? {} : { error: result.error }),
    reference_example_id: result.exampleId,
    extra: { metadata },
  };
  const children = (result.spans ?? []).slice(1).map((span): JsonObject => {
    const id = stableId(runId, span.id);
    return {
      id,
      trace_id: runId,
      parent_run_id: runId,
      dotted_order: dottedOrder(span.startAt, id, order),
      session_id: experimentId,
      name: span.name,
      run_type: span.kind,
      start_time: iso(span.startAt),
      end_time: iso(span.endAt ?? span.startAt),
      inputs: span.inputs,
      ...(span.outputs ? { outputs: span.outputs } : {}),
      ...(span.error === null ? {} : { error: span.error }),
      extra: { metadata: span.metadata },
    };
  });
  return [root, ...children];
}

/** Oldest first. */
async function feedbackOf(client: Client, paced: Paced, runIds: readonly string[]): Promise<ReadFeedback[]> {
  const found = await feedbackOfRuns(client, paced, { runIds });
  return found.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

function toResult(run: ReadResult, scores: ResultScore[]): ExperimentResult {
  const metadata = { ...metadataOf(run.extra), ...(isJsonObject(run.metadata) ? run.metadata : {}) };
  const startAt = parseTime(run.start_time) ?? 0;
  return {
    runId: run.id ?? "",
    exampleId: run.reference_example_id ?? "",
    repetition: numberOf(metadata["repetition"]) ?? 0,
    inputs: isJsonObject(run.inputs) ? run.inputs : {},
    outputs: isJsonObject(run.outputs) && Object.keys(run.outputs).length > 0 ? run.outputs : null,
    error: run.error ?? null,
    startAt,
    endAt: parseTime(run.end_time) ?? startAt,
    costUsd: numberOf(metadata[COST]) ?? (run.total_cost ? Number(run.total_cost) : null),
    tokens: numberOf(metadata[TOKENS]) ?? (run.total_tokens ? run.total_tokens : null),
    metadata,
    scores,
  };
}

/** The metadata of a project or run, which LangSmith keeps in `extra`. */
export function metadataOf(extra: unknown): JsonObject {
  return isJsonObject(extra) && isJsonObject(extra["metadata"]) ? extra["metadata"] : {};
}

function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
