import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { FilterExpression, FilterField, FilterTest, FilterValue } from "../../wire/filter-ast.ts";

/** What a filter can ask of an example. */
export interface FilterableExample {
  id: string;
  metadata: JsonObject;
  inputs: JsonObject;
  outputs: JsonObject;
  createdAt: number;
  modifiedAt: number;
  sourceRunId: string | null;
}

/** Whether an example passes a filter. In memory, since its documents are JSON text to the database. */
export function matchesExample(filter: FilterExpression, example: FilterableExample): boolean {
  switch (filter.kind) {
    case "and":
      return filter.of.every((part) => matchesExample(part, example));
    case "or":
      return filter.of.some((part) => matchesExample(part, example));
    case "not":
      return !matchesExample(filter.of, example);
    case "compare":
      return passes(filter.test, valueOf(filter.field, example));
    case "record":
      if (filter.record === "feedback") return false;
      return pairsOf(example[filter.record]).some(([key, value]) =>
        filter.tests.every(({ column, test }) => passes(test, column === "key" ? key : value)),
      );
    case "tag":
      return false;
    case "contains":
      return contains(example[filter.field], filter.value);
    default:
      return searchText(example, filter.field).includes(filter.text.toLowerCase());
  }
}

/** Whether some condition looks at inputs or outputs. */
export function readsPayload(filter: FilterExpression): boolean {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.of.some(readsPayload);
    case "not":
      return readsPayload(filter.of);
    case "record":
      return filter.record !== "metadata";
    case "contains":
      return filter.field !== "metadata";
    default:
      return filter.kind === "search";
  }
}

function valueOf(field: FilterField, example: FilterableExample): FilterValue {
  if (field === "id") return example.id;
  if (field === "created_at") return example.createdAt;
  if (field === "modified_at") return example.modifiedAt;
  return field === "source_run_id" ? example.sourceRunId : null;
}

function passes(test: FilterTest, value: FilterValue): boolean {
  if (test.op === "in") return test.values.includes(value);
  if (test.op === "like") return typeof value === "string" && isLike(value, test.value);
  if (test.op === "nlike") return typeof value !== "string" || !isLike(value, test.value);
  if (test.op === "eq") return value === test.value;
  if (test.op === "neq") return value !== test.value;
  if (value === null || test.value === null || typeof value !== typeof test.value) return false;
  if (test.op === "gt") return value > test.value;
  if (test.op === "gte") return value >= test.value;
  return test.op === "lt" ? value < test.value : value <= test.value;
}

/** SQL's LIKE, ignoring case. Goes back to the last `%` only, so it takes at most text times pattern steps. */
function isLike(value: string, like: string): boolean {
  const [text, pattern] = [value.toLowerCase(), like.toLowerCase()];
  let [at, place, restart, wildcard] = [0, 0, 0, -1];
  while (at < text.length) {
    if (pattern[place] === "%") {
      wildcard = place++;
      restart = at;
    } else if (place < pattern.length && (pattern[place] === "_" || pattern[place] === text[at])) {
      place += 1;
      at += 1;
    } else if (wildcard !== -1) {
      place = wildcard + 1;
      at = ++restart;
    } else {
      return false;
    }
  }
  while (pattern[place] === "%") place += 1;
  return place === pattern.length;
}

/** Keys with their plain values; keys of nested objects are paths joined by dots. */
function pairsOf(object: JsonObject, path = ""): [key: string, value: FilterValue][] {
  return Object.entries(object).flatMap(([name, value]): [string, FilterValue][] => {
    const key = path + name;
    if (isJsonObject(value)) return [[key, null], ...pairsOf(value, `${key}.`)];
    return [[key, Array.isArray(value) || value === undefined ? null : value]];
  });
}

function contains(whole: Json | undefined, part: Json | undefined): boolean {
  if (isJsonObject(part)) {
    if (!isJsonObject(whole)) return false;
    return Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && contains(whole[key], value));
  }
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((item) => whole.some((candidate) => contains(candidate, item)));
  }
  return whole === part;
}

function searchText(example: FilterableExample, field: string | null): string {
  const parts = field === null ? [example.inputs, example.outputs, example.metadata] : [fieldOf(example, field)];
  return parts
    .map((part) => JSON.stringify(part))
    .join(" ")
    .toLowerCase();
}

function fieldOf(example: FilterableExample, field: string): JsonObject {
  return field === "inputs" || field === "outputs" || field === "metadata" ? example[field] : {};
}
