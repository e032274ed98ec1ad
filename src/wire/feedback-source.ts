import { isJsonObject, type JsonObject } from "../model/json.ts";

/** Who gave a feedback, as its source names the person; `null` for a program. */
export function personOf(source: unknown): string | null {
  if (!isJsonObject(source)) return null;
  const metadata = isJsonObject(source["metadata"]) ? source["metadata"] : {};
  const names = [source["user_name"], metadata["user_name"], source["ls_user_id"], source["user_id"], metadata["user"]];
  return names.find((name): name is string => typeof name === "string" && name !== "") ?? null;
}

/** The source of feedback that an evaluator of a loop or its remedies gave; {@link evaluatorOf} reads it. */
export function evaluatorSource(score: {
  evaluator: string;
  evaluatorVersion: string;
  /** Run id of the evaluator's own trace. */
  sourceRunId?: string;
}): JsonObject {
  const { evaluator, evaluatorVersion, sourceRunId } = score;
  const run = sourceRunId === undefined ? {} : { __run: { run_id: sourceRunId } };
  return { type: "model", metadata: { evaluator, evaluator_version: evaluatorVersion, ...run } };
}

/** Which evaluator gave a feedback, as the loop and its remedies mark theirs; empty for anybody else's. */
export function evaluatorOf(source: unknown): { evaluator: string; evaluatorVersion: string } {
  const metadata = isJsonObject(source) && isJsonObject(source["metadata"]) ? source["metadata"] : {};
  const { evaluator, evaluator_version: version } = metadata;
  return {
    evaluator: typeof evaluator === "string" ? evaluator : "",
    evaluatorVersion: typeof version === "string" ? version : "",
  };
}
