import type { Client } from "langsmith";
import type { Example, TracerSession } from "langsmith/schemas";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { ExperimentPlatform, PlatformExample } from "../remedy/experiment-platform.ts";
import { foundOrNull, isStatus, langsmithCall } from "./langsmith-call.ts";
import { langsmithPrompts } from "./langsmith-prompts.ts";
import { langsmithResults, metadataOf } from "./langsmith-results.ts";
import { pacedBy, rateLimiter, type Paced, type RateLimiter } from "./rate-limiter.ts";

const PAGE = 100;

/**
 * Datasets, experiments and prompts of LangSmith, or of anything that speaks its API, through the official client.
 * Experiments are ones like `evaluate()` makes: projects that refer to a dataset, their runs to its examples. `limiter` paces
 * what is asked; a loop's own is shared by all workers on its store.
 */
export function langsmithExperiments(client: Client, limiter: RateLimiter = rateLimiter()): ExperimentPlatform {
  const paced = pacedBy(limiter);
  const findDataset = (name: string): Promise<{ id: string } | null> =>
    foundOrNull(async () => ({ id: (await paced(() => client.readDataset({ datasetName: name }))).id }));
  const findProject = (project: { projectName: string } | { projectId: string }): Promise<TracerSession | null> =>
    foundOrNull(() => paced(() => client.readProject(project)));

  return {
    ...langsmithPrompts(client, paced),
    ...langsmithResults(client, limiter),

    datasetEnsure: ({ name, description, metadata }) =>
      langsmithCall(async () => {
        const known = await findDataset(name);
        if (known) return known;
        try {
          return { id: (await paced(() => client.createDataset(name, { description, metadata }))).id };
        } catch (error) {
          // Somebody else created it in between.
          const theirs = isStatus(error, 409) ? await findDataset(name) : null;
          if (theirs) return theirs;
          throw error;
        }
      }),

    datasetFind: ({ name }) => langsmithCall(() => findDataset(name)),

    exampleWrite: ({ datasetId, examples }) =>
      langsmithCall(async () => {
        for (let at = 0; at < examples.length; at += PAGE)
          await writePage(client, paced, datasetId, examples.slice(at, at + PAGE));
        const version = await foundOrNull(() => paced(() => client.readDatasetVersion({ datasetId, tag: "latest" })));
        return { version: version?.as_of ?? new Date().toISOString() };
      }),

    exampleList: ({ datasetId, split, version }) =>
      langsmithCall(async () => {
        const examples: PlatformExample[] = [];
        const query = {
          datasetId,
          ...(split === undefined ? {} : { splits: [split] }),
          ...(version === undefined ? {} : { asOf: version }),
        };
        await paced(async () => {
          for await (const example of client.listExamples(query)) examples.push(toExample(example));
        });
        return examples;
      }),

    experimentEnsure: ({ name, description, datasetId, datasetVersion, metadata }) =>
      langsmithCall(async () => {
        const known = await findProject({ projectName: name });
        if (known) return { id: known.id };
        try {
          const created = await paced(() =>
            client.createProject({
              projectName: name,
              description,
              referenceDatasetId: datasetId,
              metadata: { ...metadata, dataset_version: datasetVersion },
            }),
          );
          return { id: created.id };
        } catch (error) {
          const theirs = isStatus(error, 409) ? await findProject({ projectName: name }) : null;
          if (theirs) return { id: theirs.id };
          throw error;
        }
      }),

    experimentFind: ({ nameOrId }) =>
      langsmithCall(async () => {
        const found =
          (await findProject({ projectName: nameOrId })) ??
          (UUID.test(nameOrId) ? await findProject({ projectId: nameOrId }) : null);
        if (!found) return null;
        const { id, name = "", reference_dataset_id: datasetId } = found;
        return { id, name, datasetId: datasetId ?? null, metadata: metadataOf(found.extra) };
      }),

    experimentAnnotate: ({ experimentId, metadata }) =>
      langsmithCall(async () => {
        const found = await findProject({ projectId: experimentId });
        if (!found) return;
        const extra = isJsonObject(found.extra) ? found.extra : {};
        const updated = { ...metadataOf(extra), ...metadata };
        await paced(() => client.updateProject(experimentId, { projectExtra: extra, metadata: updated }));
      }),
  };
}

const UUID = /^[0-9a-f-]{36}$/i;

async function writePage(
  client: Client,
  paced: Paced,
  datasetId: string,
  examples: readonly PlatformExample[],
): Promise<void> {
  const known = new Set<string>();
  const exampleIds = examples.map((example) => example.id);
  await paced(async () => {
    for await (const { id } of client.listExamples({ datasetId, exampleIds })) known.add(id);
  });
  const body = ({ id, inputs, outputs, metadata, split }: PlatformExample) => ({
    id,
    inputs,
    ...(outputs ? { outputs } : {}),
    metadata,
    split: [split],
  });
  const fresh = examples.filter((example) => !known.has(example.id));
  if (fresh.length > 0) {
    const uploads = fresh.map((example) => ({
      ...body(example),
      ...(example.sourceRunId ? { source_run_id: example.sourceRunId } : {}),
    }));
    await paced(() => client.uploadExamplesMultipart(datasetId, uploads));
  }
  const changed = examples.filter((example) => known.has(example.id));
  if (changed.length > 0) await paced(() => client.updateExamplesMultipart(datasetId, changed.map(body)));
}

function toExample({ id, inputs, outputs, metadata, source_run_id: sourceRunId }: Example): PlatformExample {
  const { dataset_split: splits, ...rest } = isJsonObject(metadata) ? metadata : {};
  const [split] = Array.isArray(splits) ? splits : [splits];
  return {
    id,
    inputs: inputs as JsonObject,
    ...(outputs && Object.keys(outputs).length > 0 ? { outputs: outputs as JsonObject } : {}),
    metadata: rest,
    split: typeof split === "string" ? split : "base",
    ...(sourceRunId ? { sourceRunId } : {}),
  };
}
