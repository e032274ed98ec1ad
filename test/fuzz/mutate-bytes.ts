import type { RandomSource } from "../../src/internal/random.ts";

/** Bytes and words that parsers stumble over. */
const WORDS = [
  "__proto__",
  "constructor",
  "prototype",
  '"',
  "\\",
  "\\u0000",
  "\\ud800",
  "{",
  "[",
  "}",
  "]",
  ",",
  ":",
  "(",
  ")",
  "null",
  "1e999",
  "-",
  "\r\n",
  "--",
  "\0",
  "\u00ff",
  "999999999",
].map((word) => Buffer.from(word));
const BYTES = [0, 1, 7, 8, 10, 13, 34, 45, 92, 123, 125, 127, 128, 254, 255];

/** One to five random changes of a body: flips, insertions, removals, repeats, words from a list, pieces of another body. */
export function mutateBytes(body: Uint8Array, other: Uint8Array, random: RandomSource): Buffer {
  let bytes = Buffer.from(body);
  const at = (length = bytes.length): number => Math.floor(random() * (length + 1));
  const splice = (start: number, removed: number, inserted: Uint8Array): void => {
    bytes = Buffer.concat([
      bytes.subarray(0, start),
      inserted,
      bytes.subarray(Math.min(bytes.length, start + removed)),
    ]);
  };
  const piece = (source: Uint8Array): Uint8Array => {
    const start = at(source.length);
    return source.subarray(start, start + Math.floor(random() * 64));
  };
  for (let change = 1 + Math.floor(random() * 5); change > 0; change--) {
    const kind = Math.floor(random() * 8);
    if (kind === 0 && bytes.length > 0) {
      const position = at(bytes.length - 1);
      bytes[position] = (bytes[position] as number) ^ (1 << Math.floor(random() * 8));
    } else if (kind === 1) splice(at(), 1, Buffer.from([BYTES[Math.floor(random() * BYTES.length)] as number]));
    else if (kind === 2) splice(at(), 0, Buffer.from([Math.floor(random() * 256)]));
    else if (kind === 3) splice(at(), Math.floor(random() * 32), Buffer.alloc(0));
    else if (kind === 4) splice(at(), 0, WORDS[Math.floor(random() * WORDS.length)] as Buffer);
    else if (kind === 5) splice(at(), 0, piece(bytes));
    else if (kind === 6) splice(at(), Math.floor(random() * 16), piece(other));
    else if (random() < 0.3) bytes = bytes.subarray(0, at());
  }
  return bytes;
}
