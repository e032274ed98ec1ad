import type { Attribution } from "../model/failure.ts";
import type { JsonObject } from "../model/json.ts";
import { isUuid } from "../model/id.ts";
import type { FeatureValue } from "../model/pattern.ts";
import type { Score } from "../model/score.ts";
import { spanLatencyMs } from "../model/trace.ts";
import type { Span, Trace } from "../model/trace.ts";
import { jsonSize } from "./feature/json-size.ts";
import { orderFeatures } from "./feature/order-features.ts";
import { scoreFeatures } from "./feature/score-features.ts";
import { spanFeatures, total } from "./feature/span-features.ts";
import { DESCRIBED_KINDS, maskVarying, spanFeatureName, spanKey } from "./feature/span-key.ts";
import { wordOverlap } from "./feature/text-features.ts";

export interface ExtractOptions {
  /** Features of your own, merged over the built-in ones. Must not depend on whether the trace failed. */
  define?: (trace: Trace) => Readonly<Record<string, FeatureValue>>;
  /** Distinct span names a trace may contribute, first ones first. The rest is counted in `unlisted_spans`. @default 64 */
  maxSpanNames?: number;
  /** Cluster of the failure's reason, where reasons are clustered; becomes the feature `reason`. Known of failing runs only. */
  reason?: string | null;
  /**
   * Root metadata keys and tags a trace may contribute, in order. The rest is counted in `unlisted_labels`. @default 64 each
   */
  maxLabels?: number;
}

/** These say which run this is, not what kind of run; as predicates they would only name single traces. */
const ID_KEY = /^(session|thread|conversation|run|trace|request|message|example|reference_example)_?id$/i;

/**
 * Everything the miner may say about a trace, by feature name.
 *
 * - whole trace: `latency_ms`, `error`, `error_kind`, `error_count`, `span_count`, `prompt_tokens`, `completion_tokens`,
 *   `cost_usd`, `input_chars`, `output_chars`, `output_overlap` (see `wordOverlap`)
 * - per kind (`tool.count`, `llm.latency_ms`, `retriever.error`, ...) and per span name (see `spanFeatures`, `scoreFeatures`, `orderFeatures`): `retrieval.relevance`, `tool:search.count`,
 *   `llm:answer.model`, `order:plan>tool:search`, `last_span`, ...
 * - labels of the root: `tag:<tag>`, `metadata.<key>`
 * - `culprit`, `culprit_kind` and `reason`: known only of failing runs, so the miner describes patterns with them and never tests them
 *   (`DESCRIPTIVE_FEATURES`)
 *
 * A feature that does not apply is absent. The loop's own scores on the root are not features; `scoreFeatures` says why.
 */
export function extractFeatures(
  trace: Trace,
  scores: readonly Score[],
  attribution: Attribution | null,
  { define, reason, maxSpanNames = 64, maxLabels = 64 }: ExtractOptions = {},
): Record<string, FeatureValue> {
  const groups = groupByKey(trace);
  const keys = [...groups.keys()];
  const listed = keys.slice(0, maxSpanNames);
  const features = traceFeatures(trace);
  if (keys.length > listed.length) features["unlisted_spans"] = keys.length - listed.length;
  const byKey = new Map(listed.map((key) => [key, spanFeatures(groups.get(key) ?? [])]));
  const addSpans = (key: string, described: ReturnType<typeof spanFeatures> = []): void => {
    for (const [what, value] of described) features[spanFeatureName(key, what)] = value;
  };
  for (const kind of DESCRIBED_KINDS) {
    const spans = trace.spans.filter((span) => span.kind === kind && span !== trace.root);
    // Most often they share one name, and are described already.
    const key = spans[0] && spanKey(spans[0]);
    const isOneKey =
      key !== undefined && groups.get(key)?.length === spans.length && spans.every((span) => spanKey(span) === key);
    addSpans(kind, (isOneKey && byKey.get(key)) || spanFeatures(spans));
  }
  for (const [key, described] of byKey) addSpans(key, described);
  orderFeatures(trace, features);
  scoreFeatures(trace, scores, new Set(listed), features);
  labelFeatures(trace.root, maxLabels, features);
  if (attribution?.culprit) {
    features["culprit"] = spanKey(attribution.culprit);
    features["culprit_kind"] = attribution.culprit.kind;
  }
  if (reason) features["reason"] = reason;
  return define === undefined ? features : Object.assign(features, define(trace));
}

function groupByKey(trace: Trace): Map<string, Span[]> {
  const groups = new Map<string, Span[]>();
  for (const span of trace.spans) {
    if (span.id === trace.root.id) continue;
    const key = spanKey(span);
    const group = groups.get(key);
    if (group) group.push(span);
    else groups.set(key, [span]);
  }
  return groups;
}

function traceFeatures({ root, spans }: Trace): Record<string, FeatureValue> {
  const leaves = spans.filter((span) => span.kind === "llm");
  const features: Record<string, FeatureValue> = {};
  const add = (what: string, value: FeatureValue): void => void (value !== null && (features[what] = value));
  add("latency_ms", spanLatencyMs(root));
  add("error", root.status === "error" || root.error !== null);
  add("error_count", spans.filter((span) => span.status === "error" || span.error !== null).length);
  add("span_count", spans.length);
  // Parents repeat their children's usage, so only the calls themselves are added up.
  const { promptTokens = null, completionTokens = null, cost = null } = root.usage;
  add("prompt_tokens", total(leaves.map((span) => span.usage.promptTokens)) ?? promptTokens);
  add("completion_tokens", total(leaves.map((span) => span.usage.completionTokens)) ?? completionTokens);
  add("cost_usd", total(leaves.map((span) => span.usage.cost)) ?? cost);
  add("input_chars", jsonSize(root.inputs));
  if (root.outputs !== null) add("output_chars", jsonSize(root.outputs));
  add("output_overlap", wordOverlap(root.inputs, root.outputs));
  if (root.error !== null)
    features["error_kind"] = maskVarying(root.error.split("\n", 1)[0] ?? "")
      .slice(0, 60)
      .trim();
  return features;
}

function labelFeatures(root: Span, maxLabels: number, features: Record<string, FeatureValue>): void {
  const labels = metadataLabels(root.metadata);
  for (const tag of root.tags.slice(0, maxLabels)) features[`tag:${tag}`] = true;
  for (const [key, value] of labels.slice(0, maxLabels)) features[`metadata.${key}`] = value;
  const unlisted = Math.max(0, root.tags.length - maxLabels) + Math.max(0, labels.length - maxLabels);
  if (unlisted > 0) features["unlisted_labels"] = unlisted;
}

function metadataLabels(metadata: JsonObject): [string, FeatureValue][] {
  return Object.entries(metadata).flatMap(([key, value]): [string, FeatureValue][] => {
    if (ID_KEY.test(key)) return [];
    if (typeof value === "string") return value.length <= 100 && !isUuid(value) ? [[key, value]] : [];
    return typeof value === "number" || typeof value === "boolean" ? [[key, value]] : [];
  });
}
