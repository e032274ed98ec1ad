import type { AttachmentWrite, FeedbackWrite } from "../../model/span-write.ts";
import type { Steps } from "../../wire/steps.ts";
import type { IngestRows } from "../sql/span-ingest.ts";
import type { SpanRowWrite } from "../sql/span-row.ts";
import { PayloadPacker, unpackPayloads, type PackedPayloads } from "./payload-packer.ts";

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

/**
 * An ingest on its way to another thread: values of all rows in one flat list and payloads in few buffers, since thousands
 * of small objects are slow to clone.
 */
export interface IngestMessage {
  count: number;
  scalars: (string | number | null)[];
  /** Of the rows, row by row, then of the attachments. */
  payloads: PackedPayloads;
  projectNames: (string | null)[];
  attachments: Omit<AttachmentWrite, "bytes">[];
  feedback: FeedbackWrite[];
}

/** Rows between two rests; 20,000 take 30 ms. */
const ROWS_A_STEP = 2000;

/** `ownsPayloads`: the payloads' buffers may go to the other thread and are empty here afterwards; otherwise they are copied. */
export function* encodeIngest(
  { rows, projectNames, attachments, feedback }: IngestRows,
  ownsPayloads: boolean,
): Steps<IngestMessage> {
  const scalars: IngestMessage["scalars"] = [];
  const packer = new PayloadPacker(rows.length * PAYLOADS.length + attachments.length, ownsPayloads);
  for (const [index, row] of rows.entries()) {
    if (index > 0 && index % ROWS_A_STEP === 0) yield;
    for (const name of SCALARS) scalars.push(row[name]);
    for (const name of PAYLOADS) packer.add(row[name]);
  }
  for (const attachment of attachments) packer.add(attachment.bytes);
  return {
    count: rows.length,
    scalars,
    payloads: packer.pack(),
    projectNames: [...projectNames],
    attachments: attachments.map(({ spanId, name, mimeType }) => ({ spanId, name, mimeType })),
    feedback: [...feedback],
  };
}

export function decodeIngest(message: IngestMessage): IngestRows {
  const { scalars } = message;
  const payloads = unpackPayloads(message.payloads);
  let scalar = 0;
  let payload = 0;
  const rows = Array.from({ length: message.count }, () => {
    const row: Record<string, unknown> = {};
    for (const name of SCALARS) row[name] = scalars[scalar++];
    for (const name of PAYLOADS) row[name] = payloads[payload++];
    return row as unknown as SpanRowWrite;
  });
  return {
    rows,
    projectNames: message.projectNames,
    attachments: message.attachments.map((head) => ({ ...head, bytes: payloads[payload++] ?? new Uint8Array(0) })),
    feedback: message.feedback,
  };
}
