import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { simulateTail, type TailOptions } from "./simulate-tail.ts";

const folders: string[] = [];
const MINUTE = 60_000;

function small(options: Partial<TailOptions> = {}): TailOptions {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-tail-"));
  folders.push(folder);
  const spread = { spreadMs: 90 * MINUTE, drainMs: 100 * MINUTE, pollMs: 30_000 };
  return { runs: 1_500, ...spread, seed: 7, folder, requestsPer10s: 100, failing: 0.02, ...options };
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("tailing a LangSmith that lags, refuses and fails", () => {
  it("misses nothing and judges nothing twice", async () => {
    const report = await simulateTail(small());
    expect(report).toMatchObject({ runs: 1_500, missed: 0, doubled: 0 });
    expect(report.failed).toBeGreaterThan(0);
    expect(report.refused).toBeGreaterThan(0);
  }, 30_000);

  it("would miss late traces with a plain cursor", async () => {
    const report = await simulateTail(small({ plainCursor: true }));
    expect(report.missed).toBeGreaterThan(0);
  }, 30_000);
});
