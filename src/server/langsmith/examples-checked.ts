import { compileJsonSchema, type SchemaViolation } from "../../internal/json-schema/json-schema.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Dataset } from "../../model/dataset.ts";
import type { ExampleWrite } from "../../store/resource/dataset.ts";
import { prebuiltSchema } from "../../wire/langsmith/prebuilt-schemas.ts";

/** Violations named in an answer; the rest is counted. */
const MAX_ERRORS = 20;

/**
 * Checks examples against the schemas of their dataset. What an example leaves out is not checked: outputs may come later,
 * and an update only has to make sense itself.
 * @throws LoopsmithError `invalid` (422) with the fields that are wrong
 */
export function assertExamples(
  dataset: Pick<Dataset, "inputsSchema" | "outputsSchema">,
  examples: readonly ExampleWrite[],
  isCreation: boolean,
): void {
  const inputs = checker(dataset.inputsSchema);
  const outputs = checker(dataset.outputsSchema);
  const errors: { field: string; message: string }[] = [];
  for (const [index, example] of examples.entries()) {
    const given = example.inputs ?? (isCreation ? {} : undefined);
    if (given) collect(errors, `examples.${index}.inputs`, inputs(given));
    if (example.outputs) collect(errors, `examples.${index}.outputs`, outputs(example.outputs));
    if (errors.length > MAX_ERRORS) break;
  }
  const [first] = errors;
  if (!first) return;
  throw new LoopsmithError("invalid", `${first.field}: ${first.message}`, {
    hint: "Make the example match the dataset's schemas, or change these.",
    details: { status: 422, field: first.field, errors: errors.slice(0, MAX_ERRORS) },
  });
}

function checker(schema: JsonObject | null): (value: JsonObject) => SchemaViolation[] {
  return schema === null ? () => [] : compileJsonSchema(schema, { document: prebuiltSchema });
}

function collect(errors: { field: string; message: string }[], place: string, violations: SchemaViolation[]): void {
  for (const { path, message } of violations) errors.push({ field: place + path.replaceAll("/", "."), message });
}
