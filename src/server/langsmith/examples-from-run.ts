import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { ExampleWrite } from "../../store/resource/dataset.ts";
import { parseJsonSteps } from "../../wire/parse-json-steps.ts";
import { runPaused } from "../../wire/steps.ts";
import type { ServerContext } from "../server-context.ts";
import { runNotFound } from "./runs-v1.ts";

/** How an example takes over parts of the run it is made from. */
export interface RunSourceOptions {
  sourceRunId: string | null;
  /** Inputs, outputs and all attachments of the run replace what was sent. */
  useSourceRunIo: boolean;
  /** Names of attachments to take over. */
  useSourceRunAttachments: readonly string[];
}

/**
 * The example with what it takes over from its source run.
 * @throws LoopsmithError `not_found` when the run is asked for and not there
 */
export async function fromSourceRun(
  { store }: ServerContext,
  example: ExampleWrite,
  { sourceRunId, useSourceRunIo, useSourceRunAttachments }: RunSourceOptions,
): Promise<ExampleWrite> {
  if (sourceRunId === null || (!useSourceRunIo && useSourceRunAttachments.length === 0)) return example;
  const { rows } = await store.spanQuery({
    ids: [sourceRunId],
    order: "asc",
    limit: 1,
    payloads: ["inputs", "outputs", "attachments"],
  });
  const [run] = rows;
  if (!run) throw runNotFound(sourceRunId);
  const names = run.attachments
    .map((attachment) => attachment.name)
    .filter((name) => useSourceRunIo || useSourceRunAttachments.includes(name));
  const attachments = await Promise.all(
    names.map(async (name) => {
      const content = await store.attachmentGet({ spanId: run.id, name });
      return content ? [{ name, ...content }] : [];
    }),
  );
  return {
    ...example,
    ...(useSourceRunIo ? { inputs: (await documentOf(run.inputs)) ?? {}, outputs: await documentOf(run.outputs) } : {}),
    attachments: attachments.flat(),
  };
}

/** A run's payload as an example holds it: an object. Anything else stands under `output`, as clients wrap it. */
async function documentOf(bytes: Uint8Array | null): Promise<JsonObject | null> {
  if (bytes === null || bytes.byteLength === 0) return null;
  const value: Json = await runPaused(parseJsonSteps(bytes, "the run's payload"));
  if (value === null) return null;
  return isJsonObject(value) ? value : { output: value };
}
