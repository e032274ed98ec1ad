import type { FilterExpression } from "./filter-ast.ts";
import { EXAMPLE_FIELDS, RUN_FIELDS } from "./filter/fields.ts";
import { filterError } from "./filter/filter-error.ts";
import { parseExpression, type FieldTypes } from "./filter/parser.ts";
import { settle } from "./filter/records.ts";
import { describe, Tokens } from "./filter/tokens.ts";

/** Characters a filter may have. */
const MAX_LENGTH = 64 * 1024;

/**
 * A filter on runs in LangSmith's query language: `and`, `or`, `not`, `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `like`,
 * `nlike`, `in`, `has`, `exists`, `search`. `field` is the request's field that holds it and named in errors.
 * @see https://docs.langchain.com/langsmith/trace-query-syntax
 * @throws LoopsmithError `invalid` with `details: { field, message, position }`
 */
export function parseFilter(text: string, field = "filter"): FilterExpression {
  return parse(text, field, RUN_FIELDS);
}

/**
 * A filter on dataset examples, which have fewer fields.
 * @throws LoopsmithError as `parseFilter`
 */
export function parseExampleFilter(text: string, field = "filter"): FilterExpression {
  return parse(text, field, EXAMPLE_FIELDS);
}

function parse(text: string, field: string, fields: FieldTypes): FilterExpression {
  if (text.length > MAX_LENGTH)
    throw filterError(field, `the filter is longer than ${MAX_LENGTH} characters`, MAX_LENGTH);
  const tokens = new Tokens(text, field);
  const expression = settle(parseExpression({ tokens, fields, conditions: 0 }));
  if (tokens.next.type !== "end") throw tokens.error(`expected the end, found ${describe(tokens.next)}`);
  return expression;
}
