import type { Predicate } from "../model/pattern.ts";
import type { FilterExpression, FilterTest } from "../wire/filter-ast.ts";
import { printFilter } from "../wire/filter/print.ts";

/** How to list a pattern's traces in LangSmith, or why its query language cannot. */
export type TraceQuery =
  | {
      /** `filter` of a query for root runs; `null` when the root may be any. */
      filter: string | null;
      /** `tree_filter` of the same query: one span of the trace has to meet it; `null` when any will do. */
      treeFilter: string | null;
      reason: null;
    }
  | { filter: null; treeFilter: null; reason: string };

/** A condition in the query language: of the root run, or of a span of this name. */
type Condition = { of: "root"; expression: FilterExpression } | { of: string; expression: FilterExpression | null };

/**
 * The query that selects the traces of these conditions, in the part of the language that LangSmith documents. It has words for
 * one span at a time, and none for what is missing, for sizes, counts and order.
 */
export function traceQuery(predicates: readonly Predicate[]): TraceQuery {
  const conditions: Condition[] = [];
  for (const predicate of predicates) {
    const condition = conditionOf(predicate);
    if (typeof condition === "string") return { filter: null, treeFilter: null, reason: condition };
    conditions.push(condition);
  }
  const root = conditions.filter(({ of }) => of === "root").map(({ expression }) => expression as FilterExpression);
  const spans = conditions.filter(({ of }) => of !== "root");
  const keys = [...new Set(spans.map(({ of }) => of))];
  const details = spans.filter(({ expression }) => expression !== null);
  const [key] = keys;
  if (keys.length > 1 || details.length > 1) {
    const reason = "the query language can describe one span of a trace with one condition, not several";
    return { filter: null, treeFilter: null, reason };
  }
  const span =
    key === undefined ? [] : [...spanOf(key), ...details.map(({ expression }) => expression as FilterExpression)];
  return { filter: together(root), treeFilter: together(span), reason: null };
}

function together(expressions: readonly FilterExpression[]): string | null {
  const [only] = expressions;
  if (only === undefined) return null;
  return printFilter(expressions.length === 1 ? only : { kind: "and", of: [...expressions] });
}

/** The condition in the language, or why it has no words for it. */
function conditionOf(predicate: Predicate): Condition | string {
  const { feature, operator, value } = predicate;
  if (operator === "missing") return `the query language cannot ask for traces without ${feature}`;
  if (feature.startsWith("tag:")) {
    return value === true ? atRoot({ kind: "tag", tag: feature.slice("tag:".length) }) : noWords(feature);
  }
  if (feature.startsWith("metadata.") && operator === "=") {
    return atRoot(
      record("metadata", feature.slice("metadata.".length), { column: "value", test: { op: "eq", value } }),
    );
  }
  const test = numberTest(predicate);
  if (feature.startsWith("feedback.") && test) {
    return atRoot(record("feedback", feature.slice("feedback.".length), { column: "score", test }));
  }
  if (feature === "error" && operator === "=") {
    const op = value === true ? "eq" : "neq";
    return atRoot({ kind: "compare", field: "status", test: { op, value: "error" } });
  }
  const field = ROOT_FIELDS[feature];
  if (field !== undefined && test) return atRoot({ kind: "compare", field, test });
  return spanCondition(predicate) ?? noWords(feature);
}

const ROOT_FIELDS: Readonly<Record<string, "latency" | "prompt_tokens" | "completion_tokens" | "total_cost">> = {
  latency_ms: "latency",
  prompt_tokens: "prompt_tokens",
  completion_tokens: "completion_tokens",
  cost_usd: "total_cost",
};

/** Figures of a span that are not scores, and that a run's fields do not hold. */
const UNSPOKEN =
  /^(count|error_kind|first_error|latency_ms|prompt_tokens|completion_tokens|output_chars|output_items|output_overlap|broken_json|least_output_chars|prompt_version|model|repeats|retries|mean|last)$/;

/** What can be asked of one span. Features of several spans of a name are their worst, so that some span has it too. */
function spanCondition(predicate: Predicate): Condition | null {
  const { feature, operator, value } = predicate;
  const dot = feature.lastIndexOf(".");
  if (dot <= 0 || feature.startsWith("order:") || feature.startsWith("metadata.")) return null;
  const [of, what] = [feature.slice(0, dot), feature.slice(dot + 1)];
  // Where a name held ids or counters, it is not known.
  if (of.includes("#")) return null;
  const test = numberTest(predicate);
  if (what === "count") return operator === ">=" && value === 1 ? { of, expression: null } : null;
  if (what === "error" && value === true) {
    return { of, expression: { kind: "compare", field: "status", test: { op: "eq", value: "error" } } };
  }
  if (what === "latency_ms" && operator === ">=" && test) {
    return { of, expression: { kind: "compare", field: "latency", test } };
  }
  if (what === "model" && operator === "=") {
    return { of, expression: record("metadata", "ls_model_name", { column: "value", test: { op: "eq", value } }) };
  }
  if (UNSPOKEN.test(what) || operator !== "<" || test === null) return null;
  return { of, expression: record("feedback", what, { column: "score", test }) };
}

const KINDS = new Set(["llm", "tool", "retriever"]);

/** `tool:search` is a tool of this name, `tool` any tool, `retrieval` whatever is called so. */
function spanOf(key: string): FilterExpression[] {
  const kind = (value: string): FilterExpression => ({ kind: "compare", field: "run_type", test: { op: "eq", value } });
  const name = (value: string): FilterExpression => ({ kind: "compare", field: "name", test: { op: "eq", value } });
  if (KINDS.has(key)) return [kind(key)];
  const colon = key.indexOf(":");
  return colon > 0 && KINDS.has(key.slice(0, colon))
    ? [kind(key.slice(0, colon)), name(key.slice(colon + 1))]
    : [name(key)];
}

function record(
  of: "metadata" | "feedback",
  key: string,
  test: { column: "value" | "score"; test: FilterTest },
): FilterExpression {
  return { kind: "record", record: of, tests: [{ column: "key", test: { op: "eq", value: key } }, test] };
}

function numberTest({ operator, value }: Predicate): FilterTest | null {
  if (typeof value !== "number") return null;
  return { op: operator === "<" ? "lt" : operator === ">=" ? "gte" : "eq", value };
}

function atRoot(expression: FilterExpression): Condition {
  return { of: "root", expression };
}

function noWords(feature: string): string {
  return `the query language has no words for ${feature}`;
}
