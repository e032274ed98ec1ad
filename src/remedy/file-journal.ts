import { open, readFile, rm, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { isJsonObject } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { createJournalBook } from "./experiment-journal.ts";
import type { ExperimentJournal, JournalBook } from "./experiment-journal.ts";

export interface FileJournal extends ExperimentJournal {
  /** Waits for writes in flight and lets others open the file. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A journal in a file of JSON lines. A line is written and synced to disk before its promise resolves; lines that arrive
 * meanwhile share the next sync. A last line torn by a crash is cut off. One process at a time may hold the file.
 * @throws LoopsmithError `conflict` while another process holds it, `invalid` for a file that is no journal
 */
export async function openFileJournal(path: string): Promise<FileJournal> {
  await takeLock(path);
  const book = createJournalBook();
  let file: FileHandle | undefined;
  try {
    file = await open(path, "a+");
    await file.truncate(replay(await readFile(path), book, path));
    await syncDirectory(dirname(path));
  } catch (error) {
    await file?.close();
    await freeLock(path);
    throw error;
  }
  const opened = file;
  const append = groupCommit(opened);
  const close = async (): Promise<void> => {
    await append.idle();
    await opened.close();
    await freeLock(path);
  };
  return {
    get: async (key) => book.get(key),
    async reserve(key, usd) {
      await append.line({ reserve: key, usd });
      book.reserve(key, usd);
    },
    async settle(key, result, usd) {
      await append.line({ settle: key, usd, result });
      book.settle(key, result, usd);
    },
    spentUsd: async () => book.spentUsd(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Feeds the whole lines to the book and returns how many bytes they take. */
function replay(bytes: Buffer, book: JournalBook, path: string): number {
  const end = bytes.lastIndexOf(0x0a) + 1;
  for (const line of bytes.subarray(0, end).toString("utf8").split("\n")) {
    if (line !== "" && !replayLine(line, book)) {
      throw new LoopsmithError("invalid", `${path} is not an experiment's journal.`, {
        hint: "Name another file, or remove this one to start from nothing.",
      });
    }
  }
  return end;
}

function replayLine(line: string, book: JournalBook): boolean {
  let entry: Json;
  try {
    entry = JSON.parse(line) as Json;
  } catch {
    return false;
  }
  if (!isJsonObject(entry) || typeof entry["usd"] !== "number") return false;
  const { reserve, settle, result, usd } = entry;
  if (typeof reserve === "string") book.reserve(reserve, usd);
  else if (typeof settle === "string" && isJsonObject(result)) book.settle(settle, result, usd);
  else return false;
  return true;
}

/** Writes lines in order; those that come while the disk is busy go out together. */
function groupCommit(file: FileHandle): { line(entry: JsonObject): Promise<void>; idle(): Promise<void> } {
  let waiting: string[] = [];
  let next: Promise<void> | null = null;
  let busy: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    next = null;
    try {
      await file.appendFile(lines.join(""));
      await file.datasync();
    } catch (error) {
      throw new LoopsmithError("storage_full", `The journal could not be written: ${errorMessage(error)}`, {
        hint: "Make room on the disk and run the experiment again.",
        cause: error,
      });
    }
  };
  return {
    line(entry) {
      waiting.push(`${JSON.stringify(entry)}\n`);
      if (next === null) {
        // After a failed write the file may end in half a line, so whatever follows must fail too.
        next = busy.then(flush);
        busy = next;
        busy.catch(() => undefined);
      }
      return next;
    },
    idle: () => busy.catch(() => undefined),
  };
}

/** So that a new file's name survives a power cut too. Where directories cannot be opened (Windows) the system sees to it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r").catch(() => null);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

/** Files this process holds: after a restart in a container the process before may have had the same id. */
const held = new Set<string>();

/** The lock names its process, so that one left by a crash is told from one that is held. */
async function takeLock(path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await writeFile(lockOf(path), String(process.pid), { flag: "wx" });
      held.add(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = Number(await readFile(lockOf(path), "utf8").catch(() => ""));
      if (holder === process.pid ? held.has(path) : isAlive(holder)) break;
      await rm(lockOf(path), { force: true });
    }
  }
  throw new LoopsmithError("conflict", `${path} is in use by another process.`, {
    hint: `Wait for it to end, or remove ${lockOf(path)} if it is not running.`,
  });
}

async function freeLock(path: string): Promise<void> {
  held.delete(path);
  await rm(lockOf(path), { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
