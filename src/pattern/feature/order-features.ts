import type { FeatureValue } from "../../model/pattern.ts";
import type { Span, Trace } from "../../model/trace.ts";
import { spanKey } from "./span-key.ts";

/** Distinct neighbour pairs one trace may contribute; the rest is counted in `unlisted_orders`. */
const MAX_PAIRS = 48;

/**
 * Adds what happened in which order, over the spans that do work themselves (no children), by start: `order:a>b` where b starts
 * directly after a, `first_span`, `last_span`; and from one call of a span to its next, whatever lies between (an agent thinks
 * between its tool calls): `<span>.repeats`, next calls with the same inputs, and `<span>.retries`, next calls after an error;
 * both summed up for the kind (`tool.repeats`).
 */
export function orderFeatures(trace: Trace, features: Record<string, FeatureValue>): void {
  const parents = new Set(trace.spans.map((span) => span.parentId));
  const steps = trace.spans
    .filter((span) => span.id !== trace.root.id && !parents.has(span.id))
    .sort((a, b) => a.startAt - b.startAt);
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return;

  features["first_span"] = spanKey(first);
  features["last_span"] = spanKey(last);
  const count = (feature: string): void => void (features[feature] = Number(features[feature] ?? 0) + 1);
  const pairs = new Set<string>();
  const lastCalls = new Map<string, Span>();
  let before: string | undefined;
  for (const step of steps) {
    const key = spanKey(step);
    if (before !== undefined) pairs.add(`order:${before}>${key}`);
    const lastCall = lastCalls.get(key);
    if (lastCall !== undefined) {
      const what = [
        ...(lastCall.error === null ? [] : ["retries"]),
        ...(sameInputs(lastCall, step) ? ["repeats"] : []),
      ];
      for (const one of what) for (const name of new Set([key, step.kind])) count(`${name}.${one}`);
    }
    lastCalls.set(key, step);
    before = key;
  }
  for (const pair of [...pairs].slice(0, MAX_PAIRS)) features[pair] = true;
  if (pairs.size > MAX_PAIRS) features["unlisted_orders"] = pairs.size - MAX_PAIRS;
}

function sameInputs(a: Span, b: Span): boolean {
  return Object.keys(a.inputs).length > 0 && JSON.stringify(a.inputs) === JSON.stringify(b.inputs);
}
