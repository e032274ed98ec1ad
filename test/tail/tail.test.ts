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
  const spread = { spreadMs: 50 * MINUTE, drainMs: 90 * MINUTE, pollMs: 10_000 };
  return { runs: 2_000, ...spread, seed: 7, folder, failing: 0.02, ...options };
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("tailing a LangSmith that lags, refuses and fails", () => {
  it("misses nothing and judges nothing twice, with few more requests than an oracle", async () => {
    const report = await simulateTail(small());
    expect(report).toMatchObject({ runs: 2_000, missed: 0, doubled: 0 });
    expect(report.byKind.failed).toBeGreaterThan(0);
    expect(report.requests / report.idealRequests).toBeLessThan(1.3);
  }, 240_000);

  it("keeps to a quota it was never told, reading and judging every trace", async () => {
    const report = await simulateTail(small({ runs: 600, judge: true, requestsPer10s: 15 }));
    expect(report).toMatchObject({ missed: 0, doubled: 0 });
    expect(report.byKind.refused).toBeGreaterThan(0);
  }, 240_000);

  it("would miss late traces with a plain cursor", async () => {
    const report = await simulateTail(small({ plainCursor: true }));
    expect(report.missed).toBeGreaterThan(0);
  }, 240_000);
});
