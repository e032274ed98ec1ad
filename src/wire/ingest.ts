import type { IngestBatch } from "./ingest/batch.ts";
import { jsonBatchSteps, singleRunSteps } from "./ingest/json-batch.ts";
import { multipartBatchSteps } from "./ingest/multipart-batch.ts";
import { runPaused, type Pause } from "./steps.ts";

export { itemsOf, type IngestBatch } from "./ingest/batch.ts";

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
