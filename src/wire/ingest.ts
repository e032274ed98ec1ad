import { LoopsmithError } from "../model/errors.ts";
import type { IngestBatch } from "./ingest/batch.ts";
import { jsonBatchSteps, singleRunSteps } from "./ingest/json-batch.ts";
import { multipartBatchSteps, partsBatchSteps } from "./ingest/multipart-batch.ts";
import type { Part } from "./multipart.ts";
import { runPaused, type Pause } from "./steps.ts";

export type { IngestBatch } from "./ingest/batch.ts";
export type { RejectedItem } from "./ingest/rejected.ts";

export interface IngestOptions {
  /** Epoch ms of arrival: the start of a posted run that tells neither start nor dotted order. @default it is refused */
  receivedAt?: number;
  /** How to rest in the middle of a large body. @default a turn of the event loop */
  pause?: Pause;
}

/**
 * The decompressed body of `POST /runs/multipart`. Payloads and attachments are views into it.
 * @throws LoopsmithError `invalid` when the body as a whole cannot be read; a bad item only lands in `rejected`
 */
export function ingestMultipart(
  body: Uint8Array,
  contentType: string | null | undefined,
  { receivedAt, pause }: IngestOptions = {},
): Promise<IngestBatch> {
  return runPaused(multipartBatchSteps(body, contentType, receivedAt), pause);
}

/**
 * The decompressed body of `POST /runs/batch`: `{ post: [run], patch: [run] }`. Payloads are views into it.
 * @throws LoopsmithError `invalid` when the body as a whole cannot be read; a bad run only lands in `rejected`
 */
export function ingestBatch(body: Uint8Array, { receivedAt, pause }: IngestOptions = {}): Promise<IngestBatch> {
  return runPaused(jsonBatchSteps(body, receivedAt), pause);
}

/** The body of `POST /runs`, or of `PATCH /runs/{id}` with the id from its URL. A bad run lands in `rejected`. */
export function ingestRun(
  op: "post" | "patch",
  body: Uint8Array,
  { id, receivedAt, pause }: IngestOptions & { id?: string } = {},
): Promise<IngestBatch> {
  return runPaused(singleRunSteps(op, body, id, receivedAt), pause);
}

/** `ingestMultipart` for a body whose parts are already apart. */
export function ingestOfParts(parts: readonly Part[]): Promise<IngestBatch> {
  return runPaused(partsBatchSteps(parts, undefined));
}

/** `ingestBatch` for a body that is already parsed; numbers JavaScript cannot hold are lost by then. */
export function ingestOfBatch(body: unknown): Promise<IngestBatch> {
  return ingestBatch(bytesOf(body));
}

/** `ingestRun` for a body that is already parsed; numbers JavaScript cannot hold are lost by then. */
export function ingestOfRun(op: "post" | "patch", run: unknown, id?: string): Promise<IngestBatch> {
  return ingestRun(op, bytesOf(run), id === undefined ? {} : { id });
}

function bytesOf(value: unknown): Uint8Array {
  try {
    return Buffer.from(JSON.stringify(value) ?? "null");
  } catch (error) {
    // What is nested too deep parses, but overflows the stack on the way out.
    throw new LoopsmithError("invalid", "the body is nested too deep", {
      hint: "Flatten the value, or send it as a JSON string.",
      cause: error,
    });
  }
}
