import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { SpanWrite } from "../../model/span-write.ts";
import { scanJsonSteps } from "../json-scan.ts";
import type { Steps } from "../steps.ts";
import { emptyBatch, PAUSE_EVERY_BYTES, reject, type IngestBatch } from "./batch.ts";
import { parseDottedOrder } from "./dotted-order.ts";
import { addAttachments } from "./json-attachments.ts";
import { listElements, memberOf } from "./parse-slice.ts";
import { textField } from "./run-fields.ts";
import { runJsonSteps } from "./run-json.ts";
import { runWriteSteps } from "./run-write.ts";

/** What a run costs beside its bytes. */
const RUN_COST = 2048;

type Op = SpanWrite["op"];

/** `/runs/batch`: `{ post: [run], patch: [run] }`. Every payload stays the bytes it came as. */
export function* jsonBatchSteps(body: Uint8Array, receivedAt: number | undefined): Steps<IngestBatch> {
  const batch = emptyBatch();
  const shape = yield* scanJsonSteps(body, "body");
  if (shape.kind !== "object") throw wrongBody("must be a JSON object with `post` and `patch`");
  let work = 0;
  for (const op of ["post", "patch"] as const) {
    const list = memberOf(body, shape, op);
    if (list === undefined) continue;
    const runs = yield* scanJsonSteps(list, op);
    if (runs.kind === "object") throw wrongBody(`\`${op}\` must be a list of runs`);
    let index = 0;
    for (const run of listElements(list, runs, op)) {
      yield* addRun(batch, run, { op, item: `${op}[${index}]`, receivedAt });
      index += 1;
      work += run.byteLength + RUN_COST;
      if (work > PAUSE_EVERY_BYTES) {
        work = 0;
        yield;
      }
    }
  }
  return batch;
}

/** `POST /runs` and `PATCH /runs/{id}`: one run. */
export function* singleRunSteps(
  op: Op,
  body: Uint8Array,
  id: string | undefined,
  receivedAt: number | undefined,
): Steps<IngestBatch> {
  const batch = emptyBatch();
  // `POST /runs` may leave the id to the server.
  const fallbackId = op === "post" ? newId() : undefined;
  yield* addRun(batch, body, { op, item: "body", id, fallbackId, receivedAt });
  return batch;
}

interface RunOptions {
  op: Op;
  /** What the run is called in errors until its id is known. */
  item: string;
  /** From the URL. */
  id?: string | undefined;
  /** For a run that carries none. */
  fallbackId?: string | undefined;
  receivedAt: number | undefined;
}

function* addRun(
  batch: IngestBatch,
  run: Uint8Array,
  { op, item, id, fallbackId, receivedAt }: RunOptions,
): Steps<void> {
  let ownId = id ?? "";
  try {
    const json = yield* runJsonSteps(run, item);
    const told = json.fields["id"];
    if (id === undefined && typeof told === "string") ownId = told;
    if (ownId === "" && (told === undefined || told === null)) ownId = idInOrder(json.fields) ?? fallbackId ?? "";
    const span = yield* runWriteSteps(json, { op, id: ownId, receivedAt });
    batch.spans.push(span);
    if (json.attachments) yield* addAttachments(batch, json.attachments, span.id);
  } catch (error) {
    reject(batch, ownId === "" ? item : `${op}.${ownId.slice(0, 80)}`, ownId, error);
  }
}

/** A dotted order ends with the run's own id. */
function idInOrder(fields: JsonObject): string | undefined {
  const text = textField(fields, "dotted_order");
  return text === undefined || text === "" ? undefined : parseDottedOrder(text).runId;
}

function wrongBody(message: string): LoopsmithError {
  return new LoopsmithError("invalid", `the body ${message}`, {
    hint: "Send runs as LangSmith's clients do.",
    details: { field: "body" },
  });
}
