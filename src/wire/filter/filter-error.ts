import { LoopsmithError } from "../../model/errors.ts";

const HINT =
  'Write for example and(eq(run_type, "llm"), gt(latency, "5s")); see docs.langchain.com/langsmith/trace-query-syntax.';

/** What every part of the parser throws: `invalid` with the request's field, the reason and the place. */
export function filterError(field: string, message: string, position: number): LoopsmithError {
  return new LoopsmithError("invalid", `${field}: ${message} at position ${position}`, {
    hint: HINT,
    details: { field, message, position },
  });
}
