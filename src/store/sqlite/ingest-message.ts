import type { AttachmentWrite, FeedbackWrite } from "../../model/span-write.ts";
import type { Steps } from "../../wire/steps.ts";
import { keysOf } from "../sql/columns.ts";
import type { IngestRows } from "../sql/span-ingest.ts";
import type { SpanRowWrite } from "../sql/span-row.ts";
import { PayloadPacker, unpackPayloads, type PackedPayloads } from "./payload-packer.ts";

type Payload = "inputs" | "outputs" | "extra" | "events" | "serialized";

const SCALARS = keysOf<Exclude<keyof SpanRowWrite, Payload>>({
  op: true,
  id: true,
  project_id: true,
  trace_id: true,
  parent_id: true,
  name: true,
  kind: true,
  start_at: true,
  end_at: true,
  dotted_order: true,
  status: true,
  error: true,
  tags_json: true,
  metadata_json: true,
  model: true,
  prompt_tokens: true,
  completion_tokens: true,
  total_tokens: true,
  cost: true,
  first_token_at: true,
  thread_id: true,
  reference_example_id: true,
});

const PAYLOADS = keysOf<Payload>({
  inputs: true,
  outputs: true,
  extra: true,
  events: true,
  serialized: true,
});

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
