import type { Client } from "langsmith";
import { mapWithLimit } from "../../internal/map-with-limit.ts";
import type { Dataset } from "../../model/dataset.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { Project } from "../../model/project.ts";
import { eitherGeneration } from "../../platform/either-generation.ts";
import { toPlatformError } from "../../platform/langsmith-errors.ts";
import { langsmithPlatform } from "../../platform/langsmith.ts";
import type { RateLimiter } from "../../platform/rate-limiter.ts";
import { runPages } from "../../platform/run-pages.ts";
import type { CopiedRun } from "../../wire/copied-run.ts";
import type { LangSmithExample } from "../../wire/langsmith-run.ts";
import { parseTime } from "../../wire/parse-time.ts";
import { fetchAttachment, type Fetched } from "./fetch-attachment.ts";

const RUN_FIELDS = [
  "ID",
  "TRACE_ID",
  "PARENT_RUN_IDS",
  "DOTTED_ORDER",
  "NAME",
  "RUN_TYPE",
  "STATUS",
  "START_TIME",
  "END_TIME",
  "ERROR",
  "INPUTS",
  "OUTPUTS",
  "EVENTS",
  "EXTRA",
  "METADATA",
  "MANIFEST",
  "TAGS",
  "REFERENCE_EXAMPLE_ID",
  "PROMPT_TOKENS",
  "COMPLETION_TOKENS",
  "TOTAL_TOKENS",
  "TOTAL_COST",
  "ATTACHMENTS",
  "FEEDBACK_STATS",
] as const;

/** Runs or examples in one answer. */
const PAGE = 100;
/** Runs whose feedback one request asks for; their ids stand in its URL. */
const FEEDBACK_RUNS = 50;
/** Attachments fetched at the same time. */
const ATTACHMENTS_AT_ONCE = 4;

export type SourceProject = Omit<Project, "endAt">;

export type SourceDataset = Pick<
  Dataset,
  "id" | "name" | "description" | "dataType" | "metadata" | "inputsSchema" | "outputsSchema" | "createdAt"
>;

/** What is copied out of a LangSmith: its Cloud, a self-hosted one, or a server that speaks its API. */
export interface LangSmithSource {
  /** @throws LoopsmithError `not_found`, with the names there are */
  project(name: string): Promise<SourceProject>;
  /** All runs that started in a time (epoch ms), page by page, in any order. */
  runs(params: { projectId: string; from: number; to: number; filter?: string }): AsyncGenerator<CopiedRun[]>;
  /** All feedback given to these runs. */
  feedback(runIds: readonly string[]): Promise<JsonObject[]>;
  /** What is behind the URLs, in their order; `null` where nothing can be had. */
  attachments(urls: readonly string[]): Promise<(Fetched | null)[]>;
  dataset(name: string): Promise<SourceDataset>;
  examples(datasetId: string): AsyncGenerator<LangSmithExample[]>;
}

/** Reads through the official client: v2 first, v1 where a deployment does not have it. Every request is paced. */
export function langsmithSource(client: Client, limiter: RateLimiter): LangSmithSource {
  const eitherWay = eitherGeneration();
  const origin = (client as unknown as { apiUrl: string }).apiUrl;

  /** The client fetches the next page when the last one is used up; each waits for its turn. */
  async function* paced<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
    let page: T[] = [];
    await limiter.run(() => Promise.resolve());
    for await (const item of items) {
      if (page.push(item) < PAGE) continue;
      yield page;
      page = [];
      await limiter.run(() => Promise.resolve());
    }
    if (page.length > 0) yield page;
  }

  return {
    async project(name) {
      const projectId = await langsmithPlatform({ client, limiter }).projectId({ name });
      const project = await asked(() => limiter.run(() => client.readProject({ projectId })));
      const extra: unknown = project.extra;
      return {
        id: projectId,
        name,
        description: project.description ?? null,
        extra: isJsonObject(extra) ? extra : {},
        startAt: parseTime(project.start_time) ?? 0,
        referenceDatasetId: project.reference_dataset_id ?? null,
      };
    },

    runs({ projectId, from, to, filter }) {
      const [min, max] = [new Date(from).toISOString(), new Date(to).toISOString()];
      const v2 = (): AsyncIterable<CopiedRun[]> =>
        runPages(client, limiter, {
          project_ids: [projectId],
          min_start_time: min,
          max_start_time: max,
          ...(filter === undefined ? {} : { filter }),
          selects: [...RUN_FIELDS],
          page_size: PAGE,
        });
      const v1 = (): AsyncIterable<CopiedRun[]> => {
        const until = `lte(start_time, ${JSON.stringify(max)})`;
        const both = filter === undefined ? until : `and(${filter}, ${until})`;
        const runs = client.listRuns({ projectId, startTime: new Date(from), filter: both });
        return paced(runs as unknown as AsyncIterable<CopiedRun>);
      };
      return eitherWay(v2, v1);
    },

    async feedback(runIds) {
      const found: JsonObject[] = [];
      for (let at = 0; at < runIds.length; at += FEEDBACK_RUNS) {
        const ids = runIds.slice(at, at + FEEDBACK_RUNS);
        await asked(async () => {
          for await (const page of paced(client.listFeedback({ runIds: ids }))) {
            found.push(...(page as unknown as JsonObject[]));
          }
        });
      }
      return found;
    },

    attachments: (urls) => mapWithLimit(urls, ATTACHMENTS_AT_ONCE, (url) => fetchAttachment(url, origin)),

    async dataset(name) {
      const dataset = await asked(() => limiter.run(() => client.readDataset({ datasetName: name })));
      const raw = dataset as unknown as Record<string, unknown>;
      const object = (field: string): JsonObject | null => (isJsonObject(raw[field]) ? raw[field] : null);
      return {
        id: dataset.id,
        name: dataset.name,
        description: dataset.description ?? null,
        dataType: dataset.data_type ?? "kv",
        metadata: object("metadata") ?? {},
        inputsSchema: object("inputs_schema_definition"),
        outputsSchema: object("outputs_schema_definition"),
        createdAt: parseTime(dataset.created_at) ?? 0,
      };
    },

    async *examples(datasetId) {
      try {
        yield* paced(client.listExamples({ datasetId, includeAttachments: true }));
      } catch (error) {
        throw toPlatformError(error);
      }
    },
  };
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const known = toPlatformError(error);
    const isMissing = known.code === "not_found" || /not found/i.test(known.message);
    if (!isMissing) throw known;
    throw new LoopsmithError("not_found", known.message, { hint: "Check the name, and --from.", cause: error });
  }
}
