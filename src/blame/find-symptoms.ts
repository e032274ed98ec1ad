import type { Evidence } from "../model/failure.ts";
import type { JsonObject } from "../model/json.ts";
import type { Score, Threshold } from "../model/score.ts";
import type { Step } from "./execution-order.ts";
import { errorSymptoms } from "./symptom/error-symptoms.ts";
import { repeatSymptoms } from "./symptom/repeat-symptoms.ts";
import { resultSymptoms } from "./symptom/result-symptoms.ts";
import { scoreSymptoms } from "./symptom/score-symptoms.ts";
import { clip } from "./symptom/span-nature.ts";

/** Says what is wrong with a span's outputs, or `null`. Pure; with zod: `(o) => schema.safeParse(o).error?.message ?? null`. */
export type SchemaCheck = (outputs: JsonObject | null) => string | null;

export interface SymptomOptions {
  threshold?: Threshold;
  schemas?: Readonly<Record<string, SchemaCheck>>;
}

/** What is visibly wrong with each step itself, before any reasoning about where it came from. Aligned with `steps`. */
export function findSymptoms(steps: readonly Step[], scores: readonly Score[], options: SymptomOptions): Evidence[][] {
  const { threshold, schemas = {} } = options;
  const scored = threshold === undefined ? [] : scoreSymptoms(steps, scores, threshold);
  const errors = errorSymptoms(steps);
  const results = resultSymptoms(steps);
  const repeats = repeatSymptoms(steps);
  return steps.map(({ span }, i) => {
    const complaint = Object.hasOwn(schemas, span.name) ? schemas[span.name]!(span.outputs) : null;
    const schema: Evidence | null =
      complaint === null
        ? null
        : { kind: "schema", text: `output violates its schema: ${clip(complaint)}`, weight: 0.8 };
    // A span in error owes no result.
    const result = errors[i] ? null : results[i];
    return [...(scored[i] ?? []), errors[i], schema, result, repeats[i]].filter((item) => !!item);
  });
}
