import { compileJsonSchema } from "../../internal/json-schema/json-schema.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { readSource } from "../input-mapping.ts";
import type { InputSource } from "../input-mapping.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";

export interface JsonSchemaOptions extends BuiltinOptions {
  /** JSON Schema, draft 2020-12. `$ref` stays inside the document; `format` is not asserted. */
  schema: unknown;
  /** The value judged; text is parsed as JSON first, with or without a Markdown fence. @default "outputs" */
  value?: InputSource;
}

const FENCE = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/i;

/**
 * 1 when the value is valid, else 0 with the first violations in the comment.
 * @throws LoopsmithError `invalid` for a schema that cannot be checked
 */
export function jsonSchema(options: JsonSchemaOptions): Evaluator {
  const { key = "json_schema", on = "trace", value = "outputs" } = options;
  const violationsOf = compiled(options.schema);
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate(_args, input) {
      const found = readSource(value, input);
      if (found === undefined) return { score: 0, comment: "there is no value to validate" };
      const parsed = typeof found === "string" ? parse(found) : { value: found };
      if ("error" in parsed) return { score: 0, comment: `not JSON: ${parsed.error}` };
      const violations = violationsOf(parsed.value);
      if (violations.length === 0) return { score: 1 };
      const told = violations.slice(0, 5).map(({ path, message }) => `${path || "value"} ${message}`);
      return {
        score: 0,
        comment: `${told.join("; ")}${violations.length > 5 ? `; and ${violations.length - 5} more` : ""}`,
      };
    },
  });
}

function compiled(schema: unknown): ReturnType<typeof compileJsonSchema> {
  try {
    return compileJsonSchema(schema);
  } catch (cause) {
    throw new LoopsmithError("invalid", `The JSON schema cannot be used: ${errorMessage(cause)}.`, {
      hint: "Keep references inside the document and leave the named keyword out.",
      cause,
    });
  }
}

function parse(text: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(FENCE.exec(text)?.[1] ?? text) as unknown };
  } catch (error) {
    return { error: errorMessage(error) };
  }
}
