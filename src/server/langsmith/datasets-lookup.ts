import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { Dataset } from "../../model/dataset.ts";
import { parseTime } from "../../wire/parse-time.ts";
import type { ServerContext } from "../server-context.ts";

/** Any JSON object, handed on as it is: a copy would cost time and lose keys such as `__proto__`. */
export const document = z.custom<JsonObject>(isJsonObject, "must be a JSON object");

/** A JSON object written as text, as query strings carry it. */
export const jsonParam = z.string().transform((text, context): JsonObject => {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // The same answer as for JSON that is no object.
  }
  context.addIssue({ code: "custom", message: 'must be a JSON object, such as {"key":"value"}' });
  return z.NEVER;
});

/** @throws LoopsmithError `not_found` */
export async function needDataset({ store }: ServerContext, id: string): Promise<Dataset> {
  const dataset = await store.datasetGet({ id });
  if (!dataset) throw datasetNotFound(id);
  return dataset;
}

export function datasetNotFound(id: string): LoopsmithError {
  return new LoopsmithError("not_found", `Dataset not found: ${id}`, { hint: "List the datasets with GET /datasets." });
}

/**
 * The point in time a client means by a time, a tag, or `latest`; `undefined` is now.
 * @throws LoopsmithError `not_found` for a tag the dataset does not have, `invalid` for a tag without a dataset
 */
export async function asOfTime(
  { store }: ServerContext,
  datasetId: string | undefined,
  asOf: string | null | undefined,
): Promise<number | undefined> {
  if (asOf === undefined || asOf === null || asOf === "" || asOf === "latest") return undefined;
  const at = parseTime(asOf);
  if (at !== null) return at;
  if (datasetId === undefined) {
    throw new LoopsmithError("invalid", `as_of: "${asOf.slice(0, 100)}" is a tag, and tags belong to a dataset`, {
      hint: "Send the dataset too, or an ISO 8601 time.",
      details: { field: "as_of" },
    });
  }
  const version = await store.datasetVersionGet({ datasetId, tag: asOf });
  if (version) return version.asOf;
  throw new LoopsmithError("not_found", `the dataset has no version tagged "${asOf.slice(0, 100)}"`, {
    hint: "Tag a version first, or send an ISO 8601 time.",
    details: { field: "as_of" },
  });
}
