import { isJsonObject, type JsonObject } from "../model/json.ts";
import { stableId } from "../model/id.ts";
import type { SpanWrite } from "../model/span-write.ts";
import { embeddedPrompts } from "./embedded-prompts.ts";
import { dottedOrder } from "../wire/dotted-order.ts";
import { evaluatorOf, evaluatorSource, personOf } from "../wire/feedback-source.ts";
import type { ExperimentPlatform, ExperimentResult } from "../remedy/experiment-platform.ts";
import type { Store } from "../store/store.ts";

const PAGE = 1_000;
/** More on one page of runs than this is not read. */
const FEEDBACK_LIMIT = PAGE * 100;
const encoder = new TextEncoder();

/** Datasets, experiments and prompts in our own store, the same that the LangSmith routes of the server show. */
export function embeddedExperiments(store: Store): ExperimentPlatform {
  return {
    ...embeddedPrompts(store),

    async datasetEnsure({ name, ...params }) {
      const known = await store.datasetGet({ name });
      return { id: (known ?? (await store.datasetCreate({ name, ...params }))).id };
    },

    async datasetFind({ name }) {
      const found = await store.datasetGet({ name });
      return found ? { id: found.id } : null;
    },

    async exampleWrite({ datasetId, examples }) {
      if (examples.length === 0) {
        const newest = await store.datasetVersionGet({ datasetId });
        return { version: String(newest?.asOf ?? store.now()) };
      }
      const { asOf } = await store.exampleWrite({
        datasetId,
        examples: examples.map(({ split, sourceRunId, ...example }) => ({
          ...example,
          splits: [split],
          ...(sourceRunId === undefined ? {} : { sourceRunId }),
        })),
      });
      return { version: String(asOf) };
    },

    async exampleList({ datasetId, split, version }) {
      const examples = [];
      for (let offset = 0; ; offset += PAGE) {
        const page = await store.exampleList({
          datasetId,
          order: "oldest",
          limit: PAGE,
          offset,
          ...(split === undefined ? {} : { splits: [split] }),
          ...(version === undefined ? {} : { asOf: Number(version) }),
        });
        for (const example of page) {
          examples.push({
            id: example.id,
            inputs: example.inputs,
            ...(example.outputs ? { outputs: example.outputs } : {}),
            metadata: example.metadata,
            split: example.splits[0] ?? "base",
            ...(example.sourceRunId ? { sourceRunId: example.sourceRunId } : {}),
          });
        }
        if (page.length < PAGE) return examples;
      }
    },

    async experimentEnsure({ id, name, description, datasetId, datasetVersion, metadata }) {
      const known = await store.projectGet({ name });
      if (known) return { id: known.id };
      const extra = { metadata: { ...metadata, dataset_version: datasetVersion } };
      const created = await store.projectCreate({ id, name, description, extra, referenceDatasetId: datasetId });
      return { id: created.id };
    },

    async experimentFind({ nameOrId }) {
      const found = (await store.projectGet({ name: nameOrId })) ?? (await store.projectGet({ id: nameOrId }));
      if (!found) return null;
      const metadata = found.extra["metadata"];
      return {
        id: found.id,
        name: found.name,
        datasetId: found.referenceDatasetId,
        metadata: isJsonObject(metadata) ? metadata : {},
      };
    },

    async experimentAnnotate({ experimentId, metadata }) {
      const project = await store.projectGet({ id: experimentId });
      if (!project) return;
      const before = isJsonObject(project.extra["metadata"]) ? project.extra["metadata"] : {};
      await store.projectUpdate({
        id: experimentId,
        extra: { ...project.extra, metadata: { ...before, ...metadata } },
      });
    },

    async resultWrite({ experimentId, result }) {
      await store.spanIngest({
        spans: spansOf(experimentId, result),
        feedback: result.scores.map((score) => ({
          id: score.id,
          runId: result.runId,
          traceId: result.runId,
          projectId: experimentId,
          key: score.key,
          score: score.score,
          ...(score.value === undefined ? {} : { value: score.value }),
          ...(score.comment === undefined ? {} : { comment: score.comment }),
          source: evaluatorSource(score),
        })),
      });
    },

    async feedbackList({ runIds }) {
      const found = await store.feedbackList({ runIds, limit: FEEDBACK_LIMIT, offset: 0 });
      return found
        .sort((a, b) => a.createdAt - b.createdAt)
        .flatMap(({ runId, key, score, comment, correction, source }) =>
          runId === null ? [] : [{ runId, key, score, comment, correction, who: personOf(source) }],
        );
    },

    async resultList({ experimentId }) {
      const results: ExperimentResult[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.spanQuery({
          projectIds: [experimentId],
          isRoot: true,
          order: "asc",
          limit: PAGE,
          payloads: ["inputs", "outputs"],
          ...(cursor === undefined ? {} : { cursor }),
        });
        const runIds = page.rows.map((row) => row.id);
        const feedback = await store.feedbackList({ runIds, limit: FEEDBACK_LIMIT, offset: 0 });
        for (const row of page.rows) {
          const repetition = row.metadata["repetition"];
          results.push({
            runId: row.id,
            exampleId: row.referenceExampleId ?? "",
            repetition: typeof repetition === "number" ? repetition : 0,
            inputs: objectOf(row.inputs) ?? {},
            outputs: objectOf(row.outputs),
            error: row.error,
            startAt: row.startAt,
            endAt: row.endAt ?? row.startAt,
            costUsd: row.usage.cost ?? null,
            tokens: row.usage.totalTokens ?? null,
            metadata: row.metadata,
            scores: feedback
              .filter((item) => item.runId === row.id)
              .map((item) => ({
                id: item.id,
                key: item.key,
                score: item.score,
                ...(item.value === null ? {} : { value: item.value }),
                ...(item.comment === null ? {} : { comment: item.comment }),
                ...evaluatorOf(item.source),
              })),
          });
        }
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return results;
    },
  };
}

function spansOf(projectId: string, result: ExperimentResult): SpanWrite[] {
  const bytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value ?? null));
  const metadata: JsonObject = { ...result.metadata, repetition: result.repetition };
  const root: SpanWrite = {
    op: "post",
    id: result.runId,
    traceId: result.runId,
    dottedOrder: dottedOrder(result.startAt, result.runId),
    projectId,
    name: "target",
    kind: "chain",
    startAt: result.startAt,
    endAt: result.endAt,
    inputs: bytes(result.inputs),
    metadata,
    extra: bytes({ metadata }),
    referenceExampleId: result.exampleId,
    ...(result.outputs ? { outputs: bytes(result.outputs) } : {}),
    ...(result.error === null ? {} : { error: result.error }),
    usage: {
      ...(result.costUsd === null ? {} : { cost: result.costUsd }),
      ...(result.tokens === null ? {} : { totalTokens: result.tokens }),
    },
  };
  const children = (result.spans ?? []).slice(1).map((span): SpanWrite => {
    const id = stableId(result.runId, span.id);
    return {
      op: "post",
      id,
      traceId: result.runId,
      parentId: result.runId,
      dottedOrder: dottedOrder(span.startAt, id, root.dottedOrder),
      projectId,
      name: span.name,
      kind: span.kind,
      startAt: span.startAt,
      endAt: span.endAt,
      inputs: bytes(span.inputs),
      ...(span.outputs ? { outputs: bytes(span.outputs) } : {}),
      ...(span.error === null ? {} : { error: span.error }),
    };
  });
  return [root, ...children];
}

function objectOf(bytes: Uint8Array | null): JsonObject | null {
  if (bytes === null) return null;
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return isJsonObject(value) ? value : null;
}
