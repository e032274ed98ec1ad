import type { FeatureValue } from "../../model/pattern.ts";
import type { Span, Trace } from "../../model/trace.ts";
import { spanKey } from "./span-key.ts";

/** Distinct neighbour pairs one trace may contribute. */
const MAX_PAIRS = 48;

/**
 * What happened in which order, over the spans that do work themselves (no children), by start: `order:a>b` where b starts
 * directly after a, `first_span`, `last_span`, `<span>.repeats` for the same call with the same inputs in a row, and
 * `<span>.retries` for calls directly after an error of the same span; both also for the kind (`tool.repeats`).
 */
export function orderFeatures(trace: Trace): Record<string, FeatureValue> {
  const parents = new Set(trace.spans.map((span) => span.parentId));
  const steps = trace.spans
    .filter((span) => span.id !== trace.root.id && !parents.has(span.id))
    .sort((a, b) => a.startAt - b.startAt);
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return {};

  const features: Record<string, FeatureValue> = { first_span: spanKey(first), last_span: spanKey(last) };
  const pairs = new Set<string>();
  let previous: Span | undefined;
  for (const step of steps) {
    if (previous !== undefined) {
      const [a, b] = [spanKey(previous), spanKey(step)];
      if (pairs.size < MAX_PAIRS) pairs.add(`order:${a}>${b}`);
      for (const key of a === b ? [b, step.kind] : []) {
        if (previous.error !== null) features[`${key}.retries`] = Number(features[`${key}.retries`] ?? 0) + 1;
        if (sameInputs(previous, step)) features[`${key}.repeats`] = Number(features[`${key}.repeats`] ?? 0) + 1;
      }
    }
    previous = step;
  }
  for (const pair of pairs) features[pair] = true;
  return features;
}

function sameInputs(a: Span, b: Span): boolean {
  return Object.keys(a.inputs).length > 0 && JSON.stringify(a.inputs) === JSON.stringify(b.inputs);
}
