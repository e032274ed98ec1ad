import type { Trace } from "../../model/trace.ts";

/** One item a person has judged beside the evaluator. */
export interface Labelled {
  /** The evaluator's score. */
  score: number;
  /** Whether a person calls it a failure. */
  failed: boolean;
}

export interface LabelsOptions {
  /** The evaluator's feedback key. */
  evaluatorKey: string;
  /** The feedback key people fill in, for example in an annotation queue. */
  humanKey: string;
  /** People's scores strictly below this mean "failed". @default 0.5 */
  humanThreshold?: number;
  /** Categories people may give instead of a score, as in `{ good: 1, bad: 0 }`. */
  labels?: Readonly<Record<string, number>>;
}

/**
 * Pairs of evaluator score and human label from feedback on traces: one for each span that carries both, the newest of
 * each key. Traces that people have not looked at give nothing.
 */
export function labelsFromFeedback(traces: readonly Trace[], options: LabelsOptions): Labelled[] {
  const { evaluatorKey, humanKey, humanThreshold = 0.5, labels = {} } = options;
  return traces.flatMap((trace) =>
    trace.spans.flatMap((span) => {
      const score = span.scores.findLast((given) => given.key === evaluatorKey)?.score;
      const human = span.scores.findLast((given) => given.key === humanKey);
      const category =
        typeof human?.value === "string" && Object.hasOwn(labels, human.value) ? labels[human.value] : undefined;
      const verdict = human?.score ?? category;
      if (score === undefined || score === null || verdict === undefined) return [];
      return [{ score, failed: verdict < humanThreshold }];
    }),
  );
}
