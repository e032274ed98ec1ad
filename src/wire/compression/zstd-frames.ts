/** Where a zstd frame's blocks lie, read off headers alone (RFC 8878, section 3). Nothing is decompressed. */
export interface ZstdFrame {
  /** Start of the frame's magic number. */
  start: number;
  /** End of the last byte of the frame, checksum included. */
  end: number;
  /** What a decoder must keep to resolve matches. */
  windowBytes: number;
  /** End of each block; the first block's slice begins with the frame header. */
  blockEnds: number[];
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const RLE = 1;
const RESERVED = 3;

/**
 * The frames of a zstd body, skippable ones left out.
 * @throws Error for a body whose frames do not add up
 */
export function zstdFrames(bytes: Uint8Array): ZstdFrame[] {
  const frames: ZstdFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.byteLength) {
    const magic = view.getUint32(need(bytes, at, 4), true);
    if ((magic & ~0xf) >>> 0 === SKIPPABLE) {
      at = need(bytes, at + 8, view.getUint32(need(bytes, at + 4, 4), true), true);
    } else if (magic === MAGIC) {
      const frame = readFrame(bytes, view, at);
      frames.push(frame);
      at = frame.end;
    } else {
      throw new Error(`no zstd frame at byte ${at}`);
    }
  }
  if (frames.length === 0) throw new Error("no zstd frame at all");
  return frames;
}

function readFrame(bytes: Uint8Array, view: DataView, start: number): ZstdFrame {
  const descriptor = view.getUint8(need(bytes, start + 4, 1));
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << contentSizeFlag;
  const dictionaryIdBytes = DICTIONARY_ID_BYTES[descriptor & 3] ?? 0;
  let at = start + 5;
  let windowBytes = 0;
  if (!singleSegment) {
    const window = view.getUint8(need(bytes, at, 1));
    const base = 2 ** (10 + (window >> 3));
    windowBytes = base + (base / 8) * (window & 7);
    at += 1;
  }
  at += dictionaryIdBytes;
  if (singleSegment) windowBytes = contentSizeAt(view, need(bytes, at, contentSizeBytes), contentSizeFlag);
  at += contentSizeBytes;

  const blockEnds: number[] = [];
  for (let last = false; !last;) {
    const low = view.getUint16(need(bytes, at, 3), true);
    const header = low | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === RESERVED) throw new Error(`reserved block type at byte ${at}`);
    at = need(bytes, at + 3, type === RLE ? 1 : header >> 3, true);
    blockEnds.push(at);
    last = (header & 1) === 1;
  }
  const end = (descriptor & 4) === 0 ? at : need(bytes, at, 4, true);
  return { start, end, windowBytes, blockEnds };
}

function contentSizeAt(view: DataView, at: number, flag: number): number {
  if (flag === 0) return view.getUint8(at);
  if (flag === 1) return view.getUint16(at, true) + 256;
  if (flag === 2) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

/** `at`, or the position behind the `length` bytes there, once they are known to exist. */
function need(bytes: Uint8Array, at: number, length: number, behind = false): number {
  if (at + length > bytes.byteLength) throw new Error("unexpected end of data");
  return behind ? at + length : at;
}
