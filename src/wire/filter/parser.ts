import { isJsonObject } from "../../model/json.ts";
import { cleanObject, cleanText } from "../clean-text.ts";
import type { FilterExpression, FilterField, FilterTest, FilterValue, SearchField } from "../filter-ast.ts";
import { RECORD_FIELDS, readValue, SEARCH_FIELDS, type ValueType } from "./fields.ts";
import { looseTest, settle, settleAnd, type LooseTest, type Parsed } from "./records.ts";
import { describe, type Token, type Tokens } from "./tokens.ts";

/** Levels of and, or and not. */
const MAX_DEPTH = 64;
/** Conditions in one filter: each costs the database something. */
const MAX_CONDITIONS = 500;

export type FieldTypes = Readonly<Partial<Record<FilterField, ValueType>>>;

const COMPARATORS: ReadonlySet<string> = new Set(["eq", "neq", "gt", "gte", "lt", "lte", "like", "nlike"]);
const OPERATORS = ["and", "or", "not", ...COMPARATORS, "in", "has", "exists", "search"];

export interface ParseState {
  tokens: Tokens;
  fields: FieldTypes;
  conditions: number;
}

export function parseExpression(state: ParseState, depth = 0): Parsed {
  const { tokens } = state;
  if (depth > MAX_DEPTH) throw tokens.error(`more than ${MAX_DEPTH} levels of nesting`);
  const name = tokens.take();
  const operator = name.type === "word" ? name.text.toLowerCase() : "";
  if (!OPERATORS.includes(operator)) {
    throw tokens.error(`expected one of ${OPERATORS.join(", ")}, found ${describe(name)}`, name.at);
  }
  state.conditions += 1;
  if (state.conditions > MAX_CONDITIONS) throw tokens.error(`more than ${MAX_CONDITIONS} conditions`, name.at);
  tokens.expect("(");
  const parsed = parseArguments(state, operator, name, depth);
  tokens.expect(")");
  return parsed;
}

function parseArguments(state: ParseState, operator: string, name: Token, depth: number): Parsed {
  const { tokens } = state;
  if (operator === "and" || operator === "or") return parseJunction(state, operator, depth);
  if (operator === "not") return { kind: "not", of: settle(parseExpression(state, depth + 1)) };
  if (operator === "search") return parseSearch(state);
  const field = takeField(state);
  tokens.expect(",");
  if (operator === "has") return parseHas(state, field);
  if (operator === "exists") return parseExists(state, field);
  if (operator === "in") return compare(state, field, (type) => ({ op: "in", values: takeList(state, field, type) }));
  return compare(state, field, (type) => takeTest(state, operator, field, type, name));
}

/** An `and` or `or` of one is that one. */
function parseJunction(state: ParseState, kind: "and" | "or", depth: number): FilterExpression {
  const members: Parsed[] = [];
  do members.push(parseExpression(state, depth + 1));
  while (state.tokens.skip(","));
  const of = kind === "and" ? settleAnd(members) : members.map(settle);
  return of.length === 1 && of[0] ? of[0] : { kind, of };
}

interface Field {
  name: string;
  at: number;
}

/** Names may be quoted. */
function takeField({ tokens }: ParseState): Field {
  const token = tokens.take();
  if (token.type !== "word" && token.type !== "string")
    throw tokens.error(`expected a field, found ${describe(token)}`, token.at);
  return { name: token.text, at: token.at };
}

function compare(state: ParseState, field: Field, test: (type: ValueType) => FilterTest): Parsed {
  const record = RECORD_FIELDS.get(field.name);
  if (record) return looseTest(record.record, record.column, test(record.type));
  if (field.name === "execution_order") return compareOrder(state, field, test("number"));
  if (!Object.hasOwn(state.fields, field.name)) throw unknownField(state, field);
  const known = field.name as FilterField;
  return { kind: "compare", field: known, test: test(state.fields[known] ?? "text") };
}

/** Roots have the order 1; LangSmith itself no longer counts further. */
function compareOrder({ tokens }: ParseState, field: Field, test: FilterTest): FilterExpression {
  const isRoot = test.op === "eq" || test.op === "lte" ? true : test.op === "neq" || test.op === "gt" ? false : null;
  if (isRoot === null || !("value" in test) || test.value !== 1) {
    throw tokens.error("execution_order can only be compared with 1, the root", field.at);
  }
  return { kind: "compare", field: "is_root", test: { op: "eq", value: isRoot } };
}

function unknownField({ tokens, fields }: ParseState, field: Field): Error {
  const known = [...Object.keys(fields), ...RECORD_FIELDS.keys()].join(", ");
  return tokens.error(`there is no field ${JSON.stringify(field.name.slice(0, 40))}; there are ${known}`, field.at);
}

function takeTest(state: ParseState, operator: string, field: Field, type: ValueType, name: Token): FilterTest {
  const { tokens } = state;
  if (operator === "like" || operator === "nlike") {
    const token = tokens.take();
    if (token.type !== "string") throw tokens.error(`${operator} takes a string, found ${describe(token)}`, token.at);
    return { op: operator, value: cleanText(token.text) };
  }
  const op = operator as "eq" | "neq" | "gt" | "gte" | "lt" | "lte";
  const value = takeValue(state, field, type);
  const ordered = op !== "eq" && op !== "neq";
  if (ordered && (value === null || typeof value === "boolean")) {
    throw tokens.error(`${op} needs a number, a string or a time to compare ${field.name} with`, name.at);
  }
  return { op, value };
}

function takeList(state: ParseState, field: Field, type: ValueType): FilterValue[] {
  const { tokens } = state;
  const values: FilterValue[] = [];
  tokens.expect("[");
  if (tokens.skip("]")) return values;
  do values.push(takeValue(state, field, type));
  while (tokens.skip(","));
  tokens.expect("]");
  state.conditions += values.length;
  return values;
}

function takeValue({ tokens }: ParseState, field: Field, type: ValueType): FilterValue {
  const token = tokens.take();
  const read = readValue(type, literalOf(tokens, token));
  if ("expected" in read)
    throw tokens.error(`${field.name} takes ${read.expected}, found ${describe(token)}`, token.at);
  return read.value;
}

const WORDS: ReadonlyMap<string, FilterValue> = new Map<string, FilterValue>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["none", null],
]);

function literalOf(tokens: Tokens, token: Token): FilterValue {
  if (token.type === "string") return token.text;
  if (token.type === "number") return token.value;
  const value = token.type === "word" ? WORDS.get(token.text.toLowerCase()) : undefined;
  if (value !== undefined) return value;
  throw tokens.error(`expected a value, found ${describe(token)}; strings need quotes`, token.at);
}

function takeString({ tokens }: ParseState, what: string): string {
  const token = tokens.take();
  if (token.type !== "string") throw tokens.error(`${what} takes a string, found ${describe(token)}`, token.at);
  return cleanText(token.text);
}

/** `search("words")` or `search(field, "words")`. */
function parseSearch(state: ParseState): FilterExpression {
  const { tokens } = state;
  const first = tokens.take();
  if (first.type !== "word" && first.type !== "string")
    throw tokens.error(`search takes a string, found ${describe(first)}`, first.at);
  if (!tokens.skip(",")) {
    if (first.type === "string") return { kind: "search", field: null, text: cleanText(first.text) };
    throw tokens.error("search takes a string in quotes", first.at);
  }
  if (!SEARCH_FIELDS.has(first.text)) {
    throw tokens.error(`search takes one of ${[...SEARCH_FIELDS].join(", ")}, found ${describe(first)}`, first.at);
  }
  return { kind: "search", field: first.text as SearchField, text: takeString(state, "search") };
}

/** `has(tags, "x")`, `has(metadata, '{"key": "value"}')`; metadata that is no JSON object is taken for a key. */
function parseHas(state: ParseState, field: Field): FilterExpression {
  const { tokens } = state;
  if (field.name === "tags") return { kind: "tag", tag: takeString(state, "has") };
  if (field.name !== "metadata" && field.name !== "inputs" && field.name !== "outputs") {
    throw tokens.error(
      `has takes tags, metadata, inputs or outputs, found ${JSON.stringify(field.name.slice(0, 40))}`,
      field.at,
    );
  }
  const at = tokens.next.at;
  const text = takeString(state, "has");
  const value = parseJson(text);
  if (isJsonObject(value)) {
    if (depthOf(text) > MAX_DEPTH) throw tokens.error(`more than ${MAX_DEPTH} levels of nesting`, at);
    return { kind: "contains", field: field.name, value: cleanObject(value) };
  }
  return settle(keyTest(field.name, text));
}

function parseExists(state: ParseState, field: Field): FilterExpression {
  if (field.name !== "metadata" && field.name !== "inputs" && field.name !== "outputs") {
    const message = `exists takes metadata, inputs or outputs, found ${JSON.stringify(field.name.slice(0, 40))}`;
    throw state.tokens.error(message, field.at);
  }
  return settle(keyTest(field.name, takeString(state, "exists")));
}

function keyTest(record: "metadata" | "inputs" | "outputs", key: string): LooseTest {
  return looseTest(record, "key", { op: "eq", value: key });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** An upper bound that needs no recursion: brackets within strings count too. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === "{" || char === "[") deepest = Math.max(deepest, ++depth);
    else if (char === "}" || char === "]") depth -= 1;
  }
  return deepest;
}
