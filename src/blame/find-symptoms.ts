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
    const found = scored[i] ?? [];
    if (errors[i]) found.push(errors[i]);
    const complaint = Object.hasOwn(schemas, span.name) ? schemas[span.name]!(span.outputs) : null;
    if (complaint !== null)
      found.push({ kind: "schema", text: `output violates its schema: ${clip(complaint)}`, weight: 0.8 });
    // A span in error owes no result.
    if (!errors[i] && results[i]) found.push(results[i]);
    if (repeats[i]) found.push(repeats[i]);
    return found;
  });
}
