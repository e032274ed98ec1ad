import type { Context } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../model/errors.ts";
import { MAX_DOCUMENT_BYTES, parseJsonSteps } from "../wire/parse-json-steps.ts";
import { runPaused } from "../wire/steps.ts";
import { readBody } from "./read-bytes.ts";
import type { ServerContext } from "./server-context.ts";

/**
 * The request's JSON body, checked against a schema. Unknown fields pass: newer clients send more than we know.
 * @throws LoopsmithError `invalid` with the field that is wrong, `too_large`
 */
export async function readJson<T extends z.ZodType>(
  c: Context,
  context: ServerContext,
  schema: T,
): Promise<z.infer<T>> {
  return checked(schema, await readValue(c, context), "body");
}

/** What a parsed document costs beside its bytes, as a multiple of them: the value, its text for the database, the answer. */
export const DOCUMENT_COST = 5;

async function readValue(c: Context, context: ServerContext): Promise<unknown> {
  const bytes = await readBody(c, context, MAX_DOCUMENT_BYTES);
  if (bytes.byteLength === 0) return {};
  context.inFlight.grow(c.req.raw, bytes.byteLength * DOCUMENT_COST);
  return runPaused(parseJsonSteps(bytes, "body"));
}

/** The query string, repeated names as arrays where the schema asks for them, checked against a schema. */
export function readQuery<T extends z.ZodObject>(c: Context, schema: T): z.infer<T> {
  const values: Record<string, unknown> = {};
  for (const [name, list] of Object.entries(c.req.queries())) {
    const field: unknown = schema.shape[name];
    if (field !== undefined) values[name] = takesMany(field) ? list : list[0];
  }
  return checked(schema, values, "query");
}

function takesMany(field: unknown): boolean {
  if (field instanceof z.ZodArray) return true;
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault || field instanceof z.ZodNullable) {
    return takesMany(field.def.innerType);
  }
  return false;
}

export function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    field: issue.path.length === 0 ? where : issue.path.map(String).join("."),
    message: issue.message,
  }));
  const first = errors[0];
  throw new LoopsmithError("invalid", `${first?.field ?? where}: ${first?.message ?? "not as expected"}`, {
    hint: "Correct the field and send the request again.",
    details: { field: first?.field ?? where, errors },
  });
}
