import type { DatasetSource } from "./dataset.ts";

/** A decided trace; failing ones match the pattern `relevance < 0.5`. */
export function aSource(index: number, failed: boolean, rest: Partial<DatasetSource> = {}): DatasetSource {
  return {
    traceId: `trace-${index}`,
    runId: `run-${index}`,
    at: 1000 + index,
    failed,
    inputs: { question: `question ${index}` },
    features: { relevance: failed ? 0.2 : 0.8, input_chars: 10 * index, model: index % 2 ? "large" : "small" },
    ...rest,
  };
}

export const LOW_RELEVANCE = {
  id: "pattern-1",
  name: "low relevance",
  predicates: [{ feature: "relevance", operator: "<" as const, value: 0.5 }],
};
