import type { Steps } from "../steps.ts";

/** Bytes copied before other work gets a turn. */
const PAUSE_EVERY_BYTES = 8 * 1024 * 1024;

/** The chunks as one, copied with rests: a hundred megabytes at once would hold up the event loop. */
export function* concatSteps(chunks: readonly Uint8Array[], total: number): Steps<Uint8Array> {
  if (chunks.length === 1 && chunks[0]) return chunks[0];
  if (total <= PAUSE_EVERY_BYTES) return Buffer.concat(chunks, total);
  const whole = Buffer.allocUnsafe(total);
  let at = 0;
  let copied = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
    copied += chunk.byteLength;
    if (copied < PAUSE_EVERY_BYTES) continue;
    copied = 0;
    yield;
  }
  return whole;
}
