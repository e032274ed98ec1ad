import { deflateRawSync, inflateRawSync } from "node:zlib";
import { LoopsmithError } from "../model/errors.ts";
import { strideOf } from "./bit-table.ts";
import type { BitBlock } from "./bit-table.ts";
import type { HourBucket } from "./hour-bucket.ts";

/** What the header says of a block; its bits follow the header, without the padding. */
interface BlockHeader {
  rows: number;
  traceIds?: readonly string[];
  clusters?: readonly (string | null)[];
  culprits?: readonly (string | null)[];
  reasons?: readonly (string | null)[];
}

interface Header {
  hour: number;
  codebook: string;
  items: number;
  failing: BlockHeader[];
  passing: BlockHeader[];
}

/** First byte of the format; what follows is deflated. */
const VERSION = 1;
/** Buckets are written once a minute and read often; a higher level costs four times as much and saves a tenth. */
const LEVEL = 1;

/** A bucket as compact bytes for the store: a version, then deflated the header's length, the header as JSON, and the bits. */
export function encodeBucket({ hour, codebook, table }: HourBucket): Uint8Array {
  const { items } = table;
  const headerOf = ({ rows, traceIds, clusters, culprits, reasons }: BitBlock): BlockHeader => ({
    rows,
    ...(traceIds && { traceIds }),
    ...(clusters && { clusters }),
    ...(culprits && { culprits }),
    ...(reasons && { reasons }),
  });
  const header: Header = {
    hour,
    codebook,
    items,
    failing: table.failing.map(headerOf),
    passing: table.passing.map(headerOf),
  };
  const head = new TextEncoder().encode(JSON.stringify(header));
  const blocks = [...table.failing, ...table.passing];
  const bytes = new Uint8Array(4 + head.length + blocks.reduce((sum, { rows }) => sum + items * bytesFor(rows), 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const { bits, stride, rows } of blocks) {
    for (let item = 0; item < items; item += 1) {
      bytes.set(bits.subarray(item * stride, item * stride + bytesFor(rows)), at);
      at += bytesFor(rows);
    }
  }
  const packed = deflateRawSync(bytes, { level: LEVEL });
  const stored = new Uint8Array(1 + packed.length);
  stored[0] = VERSION;
  stored.set(packed, 1);
  return stored;
}

/**
 * The bucket behind `encodeBucket`'s bytes.
 *
 * @throws LoopsmithError `invalid` when the bytes are no bucket or were cut off.
 */
export function decodeBucket(stored: Uint8Array): HourBucket {
  const damaged = (cause?: unknown): LoopsmithError =>
    new LoopsmithError("invalid", "these bytes are not a pattern bucket", {
      hint: "Rebuild the hour from its verdicts.",
      ...(cause !== undefined && { cause }),
    });
  if (stored[0] !== VERSION) throw damaged();
  let bytes: Uint8Array;
  let header: Header;
  let at: number;
  try {
    bytes = inflateRawSync(stored.subarray(1));
    at = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at))) as Header;
  } catch (error) {
    throw damaged(error);
  }
  const { hour, codebook, items } = header;
  const blockOf = (block: BlockHeader): BitBlock => {
    const stride = strideOf(block.rows);
    const width = bytesFor(block.rows);
    if (at + items * width > bytes.length) throw damaged();
    const bits = new Uint8Array(items * stride);
    for (let item = 0; item < items; item += 1, at += width) bits.set(bytes.subarray(at, at + width), item * stride);
    return { ...block, stride, bits };
  };
  const table = { items, failing: header.failing.map(blockOf), passing: header.passing.map(blockOf) };
  return { hour, codebook, table };
}

function bytesFor(rows: number): number {
  return Math.ceil(rows / 8);
}
