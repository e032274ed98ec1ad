import { toIsoTime } from "../../internal/iso-time.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Example } from "../../model/dataset.ts";

export interface ExampleContext {
  /** Part of an example's made-up name. */
  datasetName: string;
  /** Where the bytes of an attachment can be fetched. */
  attachmentUrl: (contentId: string, name: string) => string;
}

/** The metadata key in which LangSmith keeps the splits. */
export const SPLIT_KEY = "dataset_split";

const FIELDS: Readonly<Record<string, (example: Example, context: ExampleContext) => unknown>> = {
  id: (example) => example.id,
  dataset_id: (example) => example.datasetId,
  name: (example, { datasetName }) => `#${example.id.slice(-4)} @ ${datasetName}`,
  inputs: (example) => example.inputs,
  outputs: (example) => example.outputs,
  metadata: (example) => ({ ...example.metadata, [SPLIT_KEY]: example.splits }),
  source_run_id: (example) => example.sourceRunId,
  created_at: (example) => toIsoTime(example.createdAt),
  modified_at: (example) => toIsoTime(example.modifiedAt),
  attachment_urls: (example, { attachmentUrl }) =>
    Object.fromEntries(
      example.attachments.map(({ name, mimeType, contentId }) => [
        `attachment.${name}`,
        { presigned_url: attachmentUrl(contentId, name), s3_url: null, mime_type: mimeType },
      ]),
    ),
};

/** What a list holds unless it is told otherwise; links to attachments are written only on request. */
const DEFAULT_FIELDS = Object.keys(FIELDS).filter((name) => name !== "attachment_urls");

/** The fields a client asked for: what it selects comes on top of the defaults, unless it excludes these. */
export function exampleFields(select: readonly string[] = [], withoutDefaults = false): ReadonlySet<string> {
  return new Set(["id", ...(withoutDefaults ? [] : DEFAULT_FIELDS), ...select]);
}

const ALL_FIELDS: ReadonlySet<string> = new Set(Object.keys(FIELDS));

/** An example as LangSmith's API writes it; without `fields`, all of it. */
export function exampleJson(
  example: Example,
  context: ExampleContext,
  fields: ReadonlySet<string> = ALL_FIELDS,
): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(FIELDS)) {
    if (fields.has(name)) json[name] = read(example, context);
  }
  return json;
}

/**
 * Metadata and splits as they are kept apart here, from where clients put them: `split` (a name or several), or
 * `metadata.dataset_split` of an example that was read before.
 */
export function splitMetadata(
  metadata: JsonObject | null | undefined,
  split: string | readonly string[] | null | undefined,
): { metadata?: JsonObject; splits?: string[] } {
  const given = split ?? metadata?.[SPLIT_KEY];
  const names = typeof given === "string" ? [given] : Array.isArray(given) ? given : [];
  const splits = names.filter((name): name is string => typeof name === "string" && name !== "");
  if (!metadata) return splits.length > 0 ? { splits } : {};
  const { [SPLIT_KEY]: _, ...rest } = metadata;
  return { metadata: rest, ...(splits.length > 0 ? { splits } : {}) };
}
