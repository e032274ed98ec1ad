import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { FeedbackWrite } from "../model/span-write.ts";
import { cleanJson, cleanObject } from "./clean-text.ts";
import { fieldError } from "./ingest/rejected.ts";
import { assertUuid, textField, timeField, uuidField } from "./ingest/run-fields.ts";
import { MAX_KEY_LENGTH } from "./max-key-length.ts";

/**
 * A feedback as `POST /feedback` and `/runs/multipart` carry it. `fallbackId` is its id where the body has none.
 * @throws LoopsmithError `invalid` naming the field
 */
export function feedbackOf(body: JsonObject, fallbackId: string): FeedbackWrite {
  const id = uuidField(body, "id") ?? fallbackId.toLowerCase();
  assertUuid(id, "id");
  const key = textField(body, "key");
  if (key === undefined || key === "" || key.length > MAX_KEY_LENGTH) {
    throw fieldError("key", `must be a string of 1 to ${MAX_KEY_LENGTH} characters`);
  }
  const runId = uuidField(body, "run_id") ?? null;
  const projectId = uuidField(body, "session_id") ?? null;
  if (runId === null && projectId === null) throw fieldError("run_id", "either run_id or session_id is needed");
  return {
    id,
    runId,
    projectId,
    traceId: uuidField(body, "trace_id") ?? null,
    key,
    ...optional("score", scoreOf(body["score"])),
    ...optional("value", json(body["value"])),
    ...optional("comment", body["comment"] === null ? null : textField(body, "comment")),
    ...optional("correction", json(body["correction"])),
    ...optional("source", object(body, "feedback_source")),
    ...optional("extra", extraOf(body)),
    groupId: uuidField(body, "feedback_group_id") ?? null,
    comparativeExperimentId: uuidField(body, "comparative_experiment_id") ?? null,
    ...optional("createdAt", timeField(body, "created_at") ?? undefined),
    ...optional("modifiedAt", timeField(body, "modified_at") ?? undefined),
  };
}

function scoreOf(score: Json | undefined): number | null | undefined {
  if (score === undefined || score === null) return score;
  if (typeof score === "boolean") return Number(score);
  if (typeof score === "number" && Number.isFinite(score)) return score;
  throw fieldError("score", "must be a finite number, a boolean or null");
}

function json(value: Json | undefined): Json | undefined {
  return value === undefined ? undefined : cleanJson(value);
}

function object(body: JsonObject, field: string): JsonObject | undefined {
  const value = body[field];
  return isJsonObject(value) ? cleanObject(value) : undefined;
}

/** An evaluator that failed says so with `error: true`, which belongs to what is kept of the feedback. */
function extraOf(body: JsonObject): JsonObject | undefined {
  const extra = object(body, "extra");
  return body["error"] === true ? { ...extra, error: true } : extra;
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}
