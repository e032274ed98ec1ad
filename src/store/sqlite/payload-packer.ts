import * as threads from "node:worker_threads";

/** Payloads as places in few buffers. */
export interface PackedPayloads {
  /** Transferred, not cloned. */
  buffers: ArrayBuffer[];
  /** Buffer, offset and length of each payload; buffer -1 where there is none. */
  places: Int32Array;
}

const ABSENT = -1;
/** Smaller buffers are not worth a transfer, and before Node 21, which cannot be asked, may be its pool's. */
const TRANSFER_FROM_BYTES = 64 * 1024;

/** Gathers payloads for another thread: large buffers that are ours to give go as they are, everything else is copied. */
export class PayloadPacker {
  readonly #places: Int32Array;
  readonly #ownsPayloads: boolean;
  readonly #buffers: ArrayBuffer[] = [];
  readonly #indexes = new Map<ArrayBufferLike, number>();
  readonly #copied: { at: number; bytes: Uint8Array }[] = [];
  #copiedBytes = 0;
  #at = 0;

  constructor(count: number, ownsPayloads: boolean) {
    this.#places = new Int32Array(count * 3);
    this.#ownsPayloads = ownsPayloads;
  }

  add(bytes: Uint8Array | null): void {
    const at = this.#at;
    this.#at += 3;
    if (bytes === null) {
      this.#places[at] = ABSENT;
    } else if (this.#ownsPayloads && bytes.buffer.byteLength >= TRANSFER_FROM_BYTES && isTransferable(bytes.buffer)) {
      this.#place(at, this.#indexOf(bytes.buffer), bytes.byteOffset, bytes.byteLength);
    } else {
      this.#copied.push({ at, bytes });
      this.#copiedBytes += bytes.byteLength;
    }
  }

  pack(): PackedPayloads {
    const copies = new Uint8Array(this.#copiedBytes);
    let offset = 0;
    for (const { at, bytes } of this.#copied) {
      copies.set(bytes, offset);
      this.#place(at, this.#buffers.length, offset, bytes.byteLength);
      offset += bytes.byteLength;
    }
    return { buffers: [...this.#buffers, copies.buffer], places: this.#places };
  }

  #indexOf(buffer: ArrayBuffer): number {
    const known = this.#indexes.get(buffer);
    if (known !== undefined) return known;
    this.#indexes.set(buffer, this.#buffers.length);
    return this.#buffers.push(buffer) - 1;
  }

  #place(at: number, buffer: number, offset: number, length: number): void {
    this.#places[at] = buffer;
    this.#places[at + 1] = offset;
    this.#places[at + 2] = length;
  }
}

export function unpackPayloads({ buffers, places }: PackedPayloads): (Uint8Array | null)[] {
  const payloads: (Uint8Array | null)[] = [];
  for (let at = 0; at < places.length; at += 3) {
    const buffer = buffers[places[at] as number];
    payloads.push(buffer ? new Uint8Array(buffer, places[at + 1], places[at + 2]) : null);
  }
  return payloads;
}

/** Not in Node 20, whose pool has 8 KiB; since 24 it has 64, so that a small body may lie in one. */
const { isMarkedAsUntransferable } = threads as { isMarkedAsUntransferable?: (buffer: ArrayBuffer) => boolean };

function isTransferable(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer && isMarkedAsUntransferable?.(buffer) !== true;
}
