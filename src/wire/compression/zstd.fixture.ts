interface FrameOptions {
  /** @default 0x38: a window of 128 KiB */
  windowDescriptor?: number;
}

const BLOCK = 128 * 1024;

/** A zstd frame that stores the bytes uncompressed. */
export function zstdRaw(bytes: Uint8Array, { windowDescriptor = 0x38 }: FrameOptions = {}): Buffer {
  const pieces: Uint8Array[] = [frameHeader(windowDescriptor)];
  for (let at = 0; at === 0 || at < bytes.byteLength; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    pieces.push(blockHeader(0, block.byteLength, at + BLOCK >= bytes.byteLength), block);
  }
  return Buffer.concat(pieces);
}

/** A zstd frame of `blocks` run-length blocks: four bytes in, `blockBytes` zeros out. */
export function zstdRle(
  blocks: number,
  { blockBytes = BLOCK, windowDescriptor = 0x38 }: FrameOptions & { blockBytes?: number } = {},
): Buffer {
  const pieces: Uint8Array[] = [frameHeader(windowDescriptor)];
  for (let index = 1; index <= blocks; index++) pieces.push(blockHeader(1, blockBytes, index === blocks), ZERO);
  return Buffer.concat(pieces);
}

const ZERO = Buffer.from([0]);

function frameHeader(windowDescriptor: number): Uint8Array {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, windowDescriptor]);
}

function blockHeader(type: 0 | 1, size: number, last: boolean): Uint8Array {
  const header = (size << 3) | (type << 1) | Number(last);
  return Buffer.from([header & 255, (header >> 8) & 255, header >> 16]);
}
