import type { FeatureValue } from "../../model/pattern.ts";
import { spanLatencyMs } from "../../model/trace.ts";
import type { Span } from "../../model/trace.ts";
import { jsonSize, listLength } from "./json-size.ts";
import { hasBrokenJson, wordOverlap } from "./text-features.ts";
import { maskVarying } from "./span-key.ts";

const PROMPT_VERSION_KEYS = ["prompt_version", "lc_hub_commit_hash", "prompt_commit", "ls_prompt_version"];

/**
 * Features of all spans that share one key, to be named `<key>.<what>`: `count`, `error` (any) with `error_kind` (first) and
 * `first_error`, `latency_ms` (slowest), `prompt_tokens` and `completion_tokens` (sums), `output_chars` (of the last) and
 * `output_items` (of the last, where the output holds one list), `broken_json` (any), `model` and `prompt_version` (of the last);
 * for tools and retrievers also `output_overlap` (least; see `wordOverlap`); `least_output_chars` when there are several.
 * A key that does not occur in a trace has no features there, which the miner reads as "missing".
 */
export function spanFeatures(spans: readonly Span[]): [what: string, value: FeatureValue][] {
  const last = spans.at(-1);
  if (last === undefined) return [];
  const features: [string, FeatureValue][] = [["count", spans.length]];
  const add = (what: string, value: FeatureValue): void => void (value !== null && features.push([what, value]));
  const failedAt = spans.findIndex((span) => span.status === "error" || span.error !== null);
  const failed = spans[failedAt];
  add("error", failed !== undefined);
  if (failed !== undefined) {
    if (spans.length > 1) add("first_error", failedAt + 1);
    add("error_kind", errorKind(failed));
  }
  add("latency_ms", largest(spans.map(spanLatencyMs)));
  add("prompt_tokens", total(spans.map((span) => span.usage.promptTokens)));
  add("completion_tokens", total(spans.map((span) => span.usage.completionTokens)));
  if (last.outputs !== null) {
    add("output_chars", jsonSize(last.outputs));
    add("output_items", listLength(last.outputs));
  }
  add(
    "broken_json",
    spans.some((span) => hasBrokenJson(span.outputs)),
  );
  const answered = spans.filter((span) => span.outputs !== null);
  if (answered.length > 1) add("least_output_chars", -(largest(answered.map((span) => -jsonSize(span.outputs))) ?? 0));
  if (last.kind === "tool" || last.kind === "retriever") {
    const overlap = largest(
      answered.map((span) => wordOverlap(span.inputs, span.outputs)).map((share) => share && -share),
    );
    add("output_overlap", overlap === null ? null : Math.abs(overlap));
  }
  add("model", last.model);
  add("prompt_version", promptVersion(last));
  return features;
}

/**
 * First line of the error with everything that varies masked, its own span's name too (`request to search timed out`, by
 * whichever tool), short enough to be a category.
 */
function errorKind(span: Span): string {
  const line = (span.error ?? "").split("\n", 1)[0]?.replaceAll(span.name || "\n", "#") ?? "";
  return maskVarying(line).slice(0, 60).trim() || "error";
}

function promptVersion(span: Span): FeatureValue {
  for (const key of PROMPT_VERSION_KEYS) {
    const value = span.metadata[key];
    if (typeof value === "string" || typeof value === "number") return String(value);
  }
  return null;
}

/** The largest value that is known, or `null`. */
function largest(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (most, value) => (value !== null && (most === null || value > most) ? value : most),
    null,
  );
}

/** The sum of what is known, or `null` when nothing is. */
export function total(values: readonly (number | undefined)[]): number | null {
  return values.reduce<number | null>((sum, value) => (value === undefined ? sum : (sum ?? 0) + value), null);
}
