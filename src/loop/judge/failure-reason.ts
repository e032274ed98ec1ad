import type { Attribution } from "../../model/failure.ts";

/** Why a trace failed, in the words of whoever said it: the evaluator's comment, else what speaks against the culprit. */
export function failureReason(failure: Pick<Attribution, "culprit"> & { comment?: string | undefined }): string | null {
  const said = failure.comment?.trim();
  if (said) return said;
  const visible = failure.culprit?.evidence.find(({ kind }) => VISIBLE.includes(kind));
  return visible?.text ?? null;
}

// --- internal ---

/** Evidence that says what is wrong; the rest says how suspect a span is. */
const VISIBLE: readonly string[] = ["error", "schema", "structure", "judge"];
