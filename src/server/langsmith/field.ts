import { z } from "zod";
import type { Json, JsonObject } from "../../model/json.ts";
import { parseTime } from "../../wire/parse-time.ts";

/** Schemas of the field types that LangSmith's bodies and query strings are made of. */
export const uuid = z.string().regex(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i, "must be a UUID");

/** An ISO 8601 text or epoch milliseconds; read as epoch ms with microseconds as the fraction. */
export const time = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = parseTime(value);
  if (ms === null) {
    context.addIssue({ code: "custom", message: "must be an ISO 8601 time or epoch milliseconds" });
    return z.NEVER;
  }
  return ms;
});

/** Any JSON; it came out of JSON.parse, so there is nothing left to check. */
export const json = z.unknown() as unknown as z.ZodType<Json>;
export const jsonObject = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>;

/** Text of a query string read as a boolean. */
export const flag = z
  .union([z.boolean(), z.enum(["true", "false", "True", "False", "1", "0"])])
  .transform((value) => value === true || value === "true" || value === "True" || value === "1");

/** `limit` and `offset` of v1 lists. */
export const page = {
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
};
