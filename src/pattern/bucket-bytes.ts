import { LoopsmithError } from "../model/errors.ts";
import type { BitBlock } from "./bit-table.ts";
import type { HourBucket } from "./hour-bucket.ts";

/** What the header says of a block; its bits follow the header. */
interface BlockHeader {
  rows: number;
  stride: number;
  traceIds?: readonly string[];
  clusters?: readonly (string | null)[];
  culprits?: readonly (string | null)[];
}

interface Header {
  version: 1;
  hour: number;
  codebook: string;
  items: number;
  failing: BlockHeader[];
  passing: BlockHeader[];
}

/** A bucket as bytes for the store: length of the header, header as JSON, then the bitmaps. Equal buckets, equal bytes. */
export function encodeBucket({ hour, codebook, table }: HourBucket): Uint8Array<ArrayBuffer> {
  const headerOf = ({ rows, stride, traceIds, clusters, culprits }: BitBlock): BlockHeader => ({
    rows,
    stride,
    ...(traceIds && { traceIds }),
    ...(clusters && { clusters }),
    ...(culprits && { culprits }),
  });
  const header: Header = {
    version: 1,
    hour,
    codebook,
    items: table.items,
    failing: table.failing.map(headerOf),
    passing: table.passing.map(headerOf),
  };
  const head = new TextEncoder().encode(JSON.stringify(header));
  const blocks = [...table.failing, ...table.passing];
  const bytes = new Uint8Array(4 + head.length + blocks.reduce((sum, { bits }) => sum + bits.length, 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const { bits } of blocks) {
    bytes.set(bits, at);
    at += bits.length;
  }
  return bytes;
}

/**
 * The bucket behind `encodeBucket`'s bytes.
 *
 * @throws LoopsmithError `invalid` when the bytes are no bucket or were cut off.
 */
export function decodeBucket(bytes: Uint8Array): HourBucket {
  const damaged = (cause?: unknown): LoopsmithError =>
    new LoopsmithError("invalid", "these bytes are not a pattern bucket", {
      hint: "Rebuild the hour from its verdicts.",
      ...(cause !== undefined && { cause }),
    });
  const length = bytes.length < 4 ? Infinity : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (4 + length > bytes.length) throw damaged();
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
  } catch (error) {
    throw damaged(error);
  }
  if (header.version !== 1) throw damaged();
  let at = 4 + length;
  const blockOf = (block: BlockHeader): BitBlock => {
    const size = header.items * block.stride;
    if (at + size > bytes.length) throw damaged();
    const bits = bytes.slice(at, at + size);
    at += size;
    return { ...block, bits };
  };
  const table = { items: header.items, failing: header.failing.map(blockOf), passing: header.passing.map(blockOf) };
  return { hour: header.hour, codebook: header.codebook, table };
}
