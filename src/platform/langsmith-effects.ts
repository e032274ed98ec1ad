import type { Client } from "langsmith";
import type { CreateFeedbackParams } from "langsmith/client";
import { contextSummary } from "../model/failure.ts";
import { stableId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import type { LoopsmithError } from "../model/errors.ts";
import { taskQueues } from "../internal/task-queues.ts";
import { feedbackOfRuns } from "./feedback-of-runs.ts";
import { isStatus } from "./langsmith-call.ts";
import type { Platform } from "./platform.ts";

type Effects = Pick<Platform, "scoresRead" | "feedbackWrite" | "queueAdd" | "queueSize" | "exampleAdd" | "tagAdd">;

/** Feedback key under which a failure's context stands on the culprit span when the queue item cannot carry it. */
const CONTEXT_KEY = "loopsmith_failure";

/** How results go back through the official client, and what people made of them is read. Every write carries our stable id, so a retry is an update. */
export function langsmithEffects(
  client: Client,
  toPlatformError: (error: unknown) => LoopsmithError,
  paced: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
): Effects {
  let itemsCarryMetadata: Promise<boolean> | null = null;
  const queueIds = new Map<string, string>();
  const tagging = taskQueues();

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await paced(work);
    } catch (error) {
      throw toPlatformError(error);
    }
  };

  /** Our own server says so in /info; LangSmith's queue items have no place for metadata. */
  const carriesMetadata = (): Promise<boolean> => {
    itemsCarryMetadata ??= (client as unknown as InfoReader)._getServerInfo().then(
      (info) => info?.["loopsmith"] !== undefined,
      () => {
        itemsCarryMetadata = null;
        return false;
      },
    );
    return itemsCarryMetadata;
  };

  const findQueue = async (name: string): Promise<string | null> => {
    const known = queueIds.get(name);
    if (known !== undefined) return known;
    for await (const queue of client.listAnnotationQueues({ name, limit: 1 })) {
      queueIds.set(name, queue.id);
      return queue.id;
    }
    return null;
  };

  const ensureQueue = async (name: string): Promise<string> => {
    const found = await findQueue(name);
    if (found !== null) return found;
    // A name has one id here, so two workers that both miss it create the same queue, and one of them hears 409.
    const id = stableId("queue", name);
    try {
      await client.createAnnotationQueue({ name, queueId: id });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
    queueIds.set(name, id);
    return id;
  };

  /** A queue that somebody deleted since it was last used is made again. */
  const withQueue = async (name: string, work: (queueId: string) => Promise<unknown>): Promise<void> => {
    const wasKnown = queueIds.has(name);
    try {
      await work(await ensureQueue(name));
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      queueIds.delete(name);
      if (!wasKnown) throw error;
      await work(await ensureQueue(name));
    }
  };

  return {
    async scoresRead({ spanIds, key }) {
      const newest = new Map<string, { score: number; at: string }>();
      const found = await feedbackOfRuns(client, guarded, { runIds: spanIds, feedbackKeys: [key] });
      for (const { run_id, score, created_at } of found) {
        if (score === null || score === undefined || (newest.get(run_id)?.at ?? "") > created_at) continue;
        newest.set(run_id, { score: Number(score), at: created_at });
      }
      return new Map([...newest].map(([id, { score }]) => [id, score]));
    },

    feedbackWrite: ({ feedback }) =>
      guarded(async () => {
        for (const item of feedback) {
          await client.createFeedback({
            runId: item.runId ?? "",
            sessionId: item.projectId ?? "",
            ...(item.traceId ? { traceId: item.traceId } : {}),
            startTime: new Date(item.startAt).toISOString(),
            feedbackId: item.id,
            key: item.key,
            score: item.score ?? null,
            ...(item.value === undefined || item.value === null ? {} : { value: item.value }),
            ...(item.comment ? { comment: item.comment } : {}),
            feedbackSourceType: "model",
            sourceInfo: { loopsmith: true, ...item.extra },
            // Feedback through the batch route extends a trace's retention, and the bill with it.
            extendTraceRetention: false,
          } as unknown as CreateFeedbackParams);
        }
      }),

    queueAdd: ({ id, queueName, span, context, contextSpan }) =>
      guarded(async () => {
        if (await carriesMetadata()) {
          const items = [
            {
              id,
              item_type: "RUN" as const,
              run_id: span.spanId,
              project_id: span.projectId,
              start_time: new Date(span.startAt).toISOString(),
              metadata: context,
              unless_removed: true,
            },
          ];
          await withQueue(queueName, (queueId) =>
            client.annotationQueues.items.create(queueId, { items } as unknown as ItemCreateParams),
          );
          return;
        }
        await client.createFeedback({
          runId: contextSpan.spanId,
          sessionId: contextSpan.projectId,
          traceId: contextSpan.traceId,
          startTime: new Date(contextSpan.startAt).toISOString(),
          feedbackId: stableId(id, "context"),
          key: CONTEXT_KEY,
          value: context,
          comment: contextSummary(context),
          feedbackSourceType: "model",
          extendTraceRetention: false,
        } as unknown as CreateFeedbackParams);
        // Last: LangSmith does not remember what a person took out, so nothing may follow that could have this done again.
        const run = { runId: span.spanId, sessionId: span.projectId, startTime: new Date(span.startAt) };
        await withQueue(queueName, (queueId) => client.addRunsToAnnotationQueue(queueId, [run]));
      }),

    queueSize: ({ queueName }) =>
      guarded(async () => {
        const queueId = await findQueue(queueName);
        return queueId === null ? 0 : (await client.getSizeFromAnnotationQueue(queueId)).size;
      }),

    exampleAdd: (params) =>
      guarded(async () => {
        const { datasetName } = params;
        if (!(await client.hasDataset({ datasetName }))) {
          try {
            await client.createDataset(datasetName);
          } catch (error) {
            if (!isStatus(error, 409)) throw error;
          }
        }
        try {
          await client.createExample({
            id: params.id,
            dataset_name: datasetName,
            inputs: params.inputs,
            ...(params.outputs ? { outputs: params.outputs } : {}),
            metadata: params.metadata,
            ...(params.split === undefined ? {} : { split: params.split }),
            source_run_id: params.sourceRunId,
          });
        } catch (error) {
          if (!isStatus(error, 409)) throw error;
        }
      }),

    // A run's tags are written as a whole, so two tags for one run must not read the same list.
    tagAdd: ({ span, tag }) =>
      tagging(span.spanId, () =>
        guarded(async () => {
          const run = await client.readRun(span.spanId);
          const tags = run.tags ?? [];
          if (!tags.includes(tag))
            await client.updateRun(span.spanId, { tags: [...tags, tag], trace_id: span.traceId });
        }),
      ),
  };
}

type ItemCreateParams = Parameters<Client["annotationQueues"]["items"]["create"]>[1];

/** The client keeps the server's /info; reading it there saves a request. */
interface InfoReader {
  _getServerInfo(): Promise<JsonObject | undefined>;
}
