import { once } from "node:events";
import { createWriteStream, renameSync, rmSync } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";

/** Lines gathered before they are written. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Writes lines as fast as the other end takes them; returns how many. `null` is standard output. A file appears under its name
 * when it is complete, and not before.
 */
export async function writeLines(
  lines: AsyncIterable<string>,
  file: string | null,
  { lineEnd, onLine }: { lineEnd: string; onLine: (count: number) => void },
): Promise<number> {
  if (file === null) return pour(lines, process.stdout, lineEnd, onLine);
  const draft = `${file}.${process.pid}.part`;
  const stream = createWriteStream(draft);
  try {
    const count = await pour(lines, stream, lineEnd, onLine);
    stream.end();
    await finished(stream);
    renameSync(draft, file);
    return count;
  } catch (error) {
    stream.destroy();
    rmSync(draft, { force: true });
    throw error;
  }
}

async function pour(
  lines: AsyncIterable<string>,
  stream: Writable,
  lineEnd: string,
  onLine: (count: number) => void,
): Promise<number> {
  let count = 0;
  let chunk = "";
  const broken = new Promise<never>((_, reject) => stream.once("error", reject));
  // It is raced against below; nobody waits for it in between.
  broken.catch(() => undefined);
  const flush = async (): Promise<void> => {
    const text = chunk;
    chunk = "";
    if (text !== "" && !stream.write(text)) await Promise.race([once(stream, "drain"), broken]);
  };
  try {
    for await (const line of lines) {
      chunk += line + lineEnd;
      onLine((count += 1));
      if (chunk.length >= CHUNK_BYTES) await flush();
    }
    await flush();
  } catch (error) {
    // Whoever reads has enough, as `head` does.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
  return count;
}
