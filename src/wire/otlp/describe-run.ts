import type { Json, JsonObject } from "../../model/json.ts";
import type { SpanKind, TokenUsage } from "../../model/trace.ts";
import { countsOf } from "../ingest/token-usage.ts";
import type { Attributes } from "./attributes.ts";
import { asText } from "./messages.ts";
import type { OtelOrigin, OtelSpan } from "./otel-span.ts";

/** What an attribute may hold to count as metadata; longer values are kept beside it, in `extra.otel`. */
const MAX_METADATA_LENGTH = 2000;

/** Inputs and outputs that were not used, and what describes the process rather than the run. */
const NO_METADATA =
  /^(?:gen_ai\.|llm\.|input\.|output\.|traceloop\.|ai\.|langsmith\.|openinference\.|telemetry\.|process\.|host\.|os\.)/;

/** Model, provider and parameters as LangSmith keeps them. */
export function invocationOf(attributes: Attributes): { model?: string; provider?: string; params: JsonObject } {
  const model = attributes.text(
    "gen_ai.request.model",
    "gen_ai.response.model",
    "llm.model_name",
    "embedding.model_name",
    "reranker.model_name",
    "ai.model.id",
  );
  const provider = attributes.text(
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "ai.model.provider",
  );
  const params: JsonObject = {
    ...attributes.object("llm.invocation_parameters"),
    ...(model === undefined ? {} : { model }),
  };
  for (const [name, keys] of PARAMETERS) {
    const value = attributes.json(...keys);
    if (value !== undefined) params[name] = value;
  }
  const tools = attributes.list("llm.tools").map((entry) => entry.get("tool.json_schema") ?? null);
  if (tools.length > 0) params["tools"] = tools;
  return { ...(model === undefined ? {} : { model }), ...(provider === undefined ? {} : { provider }), params };
}

const PARAMETERS: readonly (readonly [string, readonly string[]])[] = [
  ["temperature", ["gen_ai.request.temperature"]],
  ["top_p", ["gen_ai.request.top_p"]],
  ["top_k", ["gen_ai.request.top_k"]],
  ["max_tokens", ["gen_ai.request.max_tokens"]],
  ["seed", ["gen_ai.request.seed"]],
  ["stop", ["gen_ai.request.stop_sequences"]],
  ["frequency_penalty", ["gen_ai.request.frequency_penalty", "llm.frequency_penalty"]],
  ["presence_penalty", ["gen_ai.request.presence_penalty", "llm.presence_penalty"]],
  ["encoding_formats", ["gen_ai.request.encoding_formats"]],
  ["tools", ["gen_ai.tool.definitions", "tools"]],
  ["functions", ["llm.request.functions"]],
];

/** Tokens and cost. Chains and agents report sums over the model calls below them, which are counted there. */
export function usageOfSpan(kind: SpanKind, attributes: Attributes): TokenUsage | undefined {
  const own = countsOf(attributes.object("langsmith.usage_metadata"));
  const counted = countsOf({
    input_tokens: attributes.take(
      "gen_ai.usage.input_tokens",
      "gen_ai.usage.prompt_tokens",
      "llm.token_count.prompt",
      "ai.usage.promptTokens",
      "ai.usage.inputTokens",
    ),
    output_tokens: attributes.take(
      "gen_ai.usage.output_tokens",
      "gen_ai.usage.completion_tokens",
      "llm.token_count.completion",
      "ai.usage.completionTokens",
      "ai.usage.outputTokens",
    ),
    total_tokens: attributes.take(
      "gen_ai.usage.total_tokens",
      "llm.usage.total_tokens",
      "llm.token_count.total",
      "ai.usage.totalTokens",
    ),
    total_cost: attributes.take("gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.total"),
  });
  return own ?? (kind === "chain" ? undefined : counted);
}

/** Types that say no more than that it was an error; LangSmith's clients wrap every error in one. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(["", "Error", "Exception"]);

/** Why the span failed: its exception, or what its status says; `undefined` where it did not fail. */
export function errorOfSpan(span: OtelSpan): string | undefined {
  if (span.status.code === "ok") return undefined;
  const exception = span.events.findLast((event) => event.name === "exception");
  if (span.status.code !== "error" && !exception) return undefined;
  const field = (name: string): string => asText(exception?.attributes.get(`exception.${name}`) ?? "");
  const type = field("type");
  const message = field("message") || span.status.message;
  const head = PLAIN_TYPES.has(type) || message === "" ? message || type : `${type}: ${message}`;
  const stack = field("stacktrace").trim();
  if (stack === "" || stack === `${type}: ${message}`.trim() || stack === "NoneType: None") return head || "error";
  // Stack traces begin with type and message in most languages, and end with them in Python.
  return stack.includes(head) ? stack : `${head}\n\n${stack}`;
}

/** Tags: LangSmith's comma-separated, OpenInference's list. */
export function tagsOfSpan(attributes: Attributes): string[] {
  const own = attributes.take("langsmith.span.tags");
  const list = typeof own === "string" ? own.split(",") : (own ?? attributes.json("tag.tags") ?? []);
  const tags = Array.isArray(list) ? list : [list];
  return [...new Set(tags.map((tag) => asText(tag).trim()))].filter((tag) => tag !== "");
}

/** Metadata of the run, and what remains of the attributes. Call it last: it takes what nothing else has read. */
export function metadataOfSpan(
  span: OtelSpan,
  origin: OtelOrigin,
  attributes: Attributes,
  invocation: { model?: string; provider?: string },
): { metadata: JsonObject; remaining: JsonObject } {
  const entries = new Map<string, Json>();
  const remaining = new Map<string, Json>();
  const thread = attributes.take("session.id", "gen_ai.conversation.id");
  const user = attributes.take("user.id");
  const explicit = [
    ...Object.entries(attributes.object("metadata") ?? {}),
    ...attributes.under("traceloop.association.properties"),
    ...attributes.under("ai.telemetry.metadata"),
    ...attributes.under("langsmith.metadata"),
  ];
  for (const [key, value] of origin.resource) if (!NO_METADATA.test(key)) entries.set(key, value);
  for (const [key, value] of attributes.rest()) {
    const fits = !NO_METADATA.test(key) && asText(value).length <= MAX_METADATA_LENGTH;
    (fits ? entries : remaining).set(key, value);
  }
  if (thread !== undefined) entries.set("thread_id", asText(thread));
  if (user !== undefined) entries.set("user_id", user);
  if (invocation.model !== undefined) entries.set("ls_model_name", invocation.model);
  if (invocation.provider !== undefined) entries.set("ls_provider", invocation.provider);
  for (const [key, value] of explicit) if (value !== undefined) entries.set(key, value);
  entries.set("OTEL_TRACE_ID", span.traceId);
  entries.set("OTEL_SPAN_ID", span.spanId);
  return { metadata: objectOf(entries), remaining: objectOf(remaining) };
}

/** `fromEntries` defines properties instead of setting them, so `__proto__` stays a plain key. */
export function objectOf(entries: ReadonlyMap<string, Json>): JsonObject {
  return Object.fromEntries(entries);
}

export function isEmpty(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}
