import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryJournal } from "./experiment-journal.ts";
import { openFileJournal } from "./file-journal.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "loopsmith-journal-"));
  path = join(directory, "journal.jsonl");
});

afterEach(() => rm(directory, { recursive: true }));

describe("openFileJournal", () => {
  it("remembers what was reserved and settled", async () => {
    const first = await openFileJournal(path);
    await first.reserve("a", 0.5);
    await first.reserve("b", 0.5);
    await first.settle("a", { answer: "yes\nno" }, 0.2);
    await first.close();
    const second = await openFileJournal(path);
    expect(await second.get("a")).toEqual({ state: "settled", result: { answer: "yes\nno" }, usd: 0.2 });
    expect(await second.get("b")).toEqual({ state: "reserved" });
    expect(await second.get("c")).toBeNull();
    expect(await second.spentUsd()).toBeCloseTo(0.7);
    await second.close();
  });

  it("cuts off a last line torn by a crash, wherever it tore, and goes on behind it", async () => {
    const journal = await openFileJournal(path);
    await journal.settle("a", { text: "äöü" }, 0.1);
    await journal.close();
    const whole = await readFile(path);
    const line = `${JSON.stringify({ settle: "b", usd: 0.1, result: { text: "äöü" } })}\n`;
    for (let length = 1; length < Buffer.byteLength(line); length += 7) {
      await writeFile(path, whole);
      await appendFile(path, Buffer.from(line).subarray(0, length));
      const again = await openFileJournal(path);
      expect(await again.get("b")).toBeNull();
      await again.settle("c", {}, 0);
      await again.close();
      const last = await openFileJournal(path);
      expect([await last.get("a"), await last.get("c")].map((entry) => entry?.state)).toEqual(["settled", "settled"]);
      await last.close();
    }
  });

  it("refuses a file that is no journal, and leaves it as it is", async () => {
    await writeFile(path, "dear diary\n");
    await expect(openFileJournal(path)).rejects.toMatchObject({ code: "invalid" });
    expect(await readFile(path, "utf8")).toBe("dear diary\n");
    await writeFile(path, "");
    await (await openFileJournal(path)).close();
  });

  it("is held by one process, and not by one that is gone", async () => {
    const journal = await openFileJournal(path);
    await expect(openFileJournal(path)).rejects.toMatchObject({ code: "conflict" });
    await journal.close();
    // No process has this id: it is over Linux's limit.
    await writeFile(`${path}.lock`, "99999999");
    await (await openFileJournal(path)).close();
    // The process before had the same id, as in a restarted container.
    await writeFile(`${path}.lock`, String(process.pid));
    await (await openFileJournal(path)).close();
    await writeFile(`${path}.lock`, String(process.ppid));
    await expect(openFileJournal(path)).rejects.toMatchObject({ code: "conflict" });
  });

  it("knows after a restart what the one in memory knows", async () => {
    const key = fc.constantFrom("a", "b", "c");
    const usd = fc.constantFrom(0.1, 0.2, 0.5);
    const step = fc.record({ kind: fc.constantFrom("reserve", "settle"), key, usd });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(12), async (steps, restartAt) => {
        await rm(path, { force: true });
        const memory = memoryJournal();
        let file = await openFileJournal(path);
        for (const [index, { kind, key, usd }] of steps.entries()) {
          if (index === restartAt) {
            await file.close();
            file = await openFileJournal(path);
          }
          for (const journal of [memory, file]) {
            if (kind === "reserve") await journal.reserve(key, usd);
            else await journal.settle(key, { index }, usd);
          }
        }
        for (const key of ["a", "b", "c"]) expect(await file.get(key)).toEqual(await memory.get(key));
        expect(await file.spentUsd()).toBeCloseTo(await memory.spentUsd());
        await file.close();
      }),
      { numRuns: 30 },
    );
  });

  it("writes what arrives together in order", async () => {
    const journal = await openFileJournal(path);
    await Promise.all(Array.from({ length: 200 }, (_, index) => journal.settle(`k${index}`, {}, 0)));
    await journal.close();
    const keys = (await readFile(path, "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { settle: string }).settle);
    expect(keys).toEqual(Array.from({ length: 200 }, (_, index) => `k${index}`));
  });
});
