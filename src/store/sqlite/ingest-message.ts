import type { AttachmentWrite, FeedbackWrite } from "../../model/span-write.ts";
import type { IngestRows } from "../sql/span-ingest.ts";
import type { SpanRowWrite } from "../sql/span-row.ts";

const SCALARS = [
  "op",
  "id",
  "project_id",
  "trace_id",
  "parent_id",
  "name",
  "kind",
  "start_at",
  "end_at",
  "dotted_order",
  "status",
  "error",
  "tags_json",
  "metadata_json",
  "model",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "cost",
  "first_token_at",
  "thread_id",
  "reference_example_id",
] as const satisfies readonly (keyof SpanRowWrite)[];

const PAYLOADS = [
  "inputs",
  "outputs",
  "extra",
  "events",
  "serialized",
] as const satisfies readonly (keyof SpanRowWrite)[];

const ABSENT = -1;

/**
 * An ingest on its way to another thread: values of all rows in one flat list and payloads in one buffer that changes hands,
 * since thousands of small objects are slow to clone.
 */
export interface IngestMessage {
  count: number;
  scalars: (string | number | null)[];
  /** Byte lengths of the payloads in `bytes`, row by row, then of the attachments; -1 where there is none. */
  lengths: Int32Array;
  bytes: Uint8Array<ArrayBuffer>;
  projectNames: (string | null)[];
  attachments: Omit<AttachmentWrite, "bytes">[];
  feedback: FeedbackWrite[];
}

export function encodeIngest({ rows, projectNames, attachments, feedback }: IngestRows): IngestMessage {
  const scalars: IngestMessage["scalars"] = [];
  const lengths = new Int32Array(rows.length * PAYLOADS.length + attachments.length);
  const pieces: Uint8Array[] = [];
  let total = 0;
  let at = 0;
  const add = (piece: Uint8Array | null): void => {
    lengths[at++] = piece === null ? ABSENT : piece.byteLength;
    if (piece === null) return;
    pieces.push(piece);
    total += piece.byteLength;
  };
  for (const row of rows) {
    for (const name of SCALARS) scalars.push(row[name]);
    for (const name of PAYLOADS) add(row[name]);
  }
  for (const attachment of attachments) add(attachment.bytes);
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return {
    count: rows.length,
    scalars,
    lengths,
    bytes,
    projectNames: [...projectNames],
    attachments: attachments.map(({ spanId, name, mimeType }) => ({ spanId, name, mimeType })),
    feedback: [...feedback],
  };
}

export function decodeIngest(message: IngestMessage): IngestRows {
  const { scalars, lengths, bytes } = message;
  let scalar = 0;
  let length = 0;
  let offset = 0;
  const take = (): Uint8Array | null => {
    const size = lengths[length++] ?? ABSENT;
    if (size === ABSENT) return null;
    offset += size;
    return bytes.subarray(offset - size, offset);
  };
  const rows = Array.from({ length: message.count }, () => {
    const row: Record<string, unknown> = {};
    for (const name of SCALARS) row[name] = scalars[scalar++];
    for (const name of PAYLOADS) row[name] = take();
    return row as unknown as SpanRowWrite;
  });
  return {
    rows,
    projectNames: message.projectNames,
    attachments: message.attachments.map((head) => ({ ...head, bytes: take() ?? new Uint8Array(0) })),
    feedback: message.feedback,
  };
}
