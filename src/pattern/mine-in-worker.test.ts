import { describe, expect, it } from "vitest";
import type { FeatureRow } from "../model/pattern.ts";
import { buildTable } from "./bit-table.ts";
import { buildCodebook } from "./codebook.ts";
import { mineInWorker } from "./mine-in-worker.ts";
import { minePatterns, mineTable } from "./mine-patterns.ts";
import { randomSource } from "../internal/random.ts";

const random = randomSource(3);
const rows = Array.from({ length: 800 }, (_, i): FeatureRow => {
  const relevance = random();
  const failed = random() < (relevance < 0.4 ? 0.6 : 0.1);
  return { traceId: `t${i}`, at: i, failed, features: { "retrieval.relevance": relevance, noise: random() } };
});

describe("mineInWorker", () => {
  it("gives the report of this thread, from rows and from bitmaps", async () => {
    const here = minePatterns(rows);
    expect(here.patterns.length).toBeGreaterThan(0);
    expect(await mineInWorker({ kind: "rows", rows })).toEqual(here);
    const codebook = buildCodebook(rows);
    const table = buildTable(codebook, rows);
    expect(await mineInWorker({ kind: "table", table, codebook })).toEqual(mineTable(table, codebook));
  });

  it("passes errors on with their code and hint", async () => {
    const wrong = mineInWorker({ kind: "rows", rows, options: { alpha: 7 } });
    await expect(wrong).rejects.toMatchObject({ code: "invalid", hint: expect.stringContaining("default") });
  });

  it("stops when asked to", async () => {
    const stop = new AbortController();
    const mining = mineInWorker({ kind: "rows", rows }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(mining).rejects.toThrow("enough");
    await expect(mineInWorker({ kind: "rows", rows }, { signal: stop.signal })).rejects.toThrow("enough");
  });
});
