import type { Context } from "hono";
import type { z } from "zod";
import { LoopsmithError } from "../model/errors.ts";
import { PAUSE_EVERY_BYTES } from "../wire/ingest/batch.ts";
import { listElements, MAX_PARSED_BYTES, parseSlice } from "../wire/ingest/parse-slice.ts";
import { scanJsonSteps } from "../wire/json-scan.ts";
import { MAX_LIST_BYTES, parseJsonSteps } from "../wire/parse-json-steps.ts";
import { runPaused, type Steps } from "../wire/steps.ts";
import { readBody } from "./read-bytes.ts";
import { checked, DOCUMENT_COST } from "./read-json.ts";
import type { ServerContext } from "./server-context.ts";

/**
 * A body that is one JSON array, each element checked against a schema. Elements are parsed one by one with pauses, so
 * that a long list does not hold up other requests.
 * @throws LoopsmithError `invalid` with the index and field that is wrong, `too_large`
 */
export async function readJsonList<T extends z.ZodType>(
  c: Context,
  context: ServerContext,
  element: T,
): Promise<z.infer<T>[]> {
  const bytes = await readBody(c, context, MAX_LIST_BYTES);
  context.inFlight.grow(c.req.raw, bytes.byteLength * DOCUMENT_COST);
  return runPaused(listSteps(bytes, element));
}

function* listSteps<T extends z.ZodType>(bytes: Uint8Array, element: T): Steps<z.infer<T>[]> {
  const shape = yield* scanJsonSteps(bytes, "body");
  if (shape.kind !== "array") {
    throw new LoopsmithError("invalid", "body: must be a JSON array", {
      hint: "Send a list, also for one element.",
      details: { field: "body" },
    });
  }
  const values: z.infer<T>[] = [];
  let work = 0;
  for (const slice of listElements(bytes, shape, "body")) {
    const place = `body.${values.length}`;
    const value = slice.byteLength <= MAX_PARSED_BYTES ? parseSlice(slice, place) : yield* parseJsonSteps(slice, place);
    values.push(checked(element, value, place));
    work += slice.byteLength;
    if (work > PAUSE_EVERY_BYTES) {
      work = 0;
      yield;
    }
  }
  return values;
}
