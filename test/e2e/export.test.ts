import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { newId } from "../../src/model/id.ts";
import type { SpanWrite } from "../../src/model/span-write.ts";
import { openStore } from "../../src/store/open-store.ts";
import { parseCsv } from "../../src/wire/csv.ts";
import { ended, startLoopsmith, type Ended } from "./loopsmith-process.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), "loopsmith-export-"));
const dataDir = join(folder, "data");
const HOUR_MS = 60 * 60_000;
const RUNS = 700;
const now = Date.now();
const bytes = (text: string): Uint8Array => Buffer.from(text);
const ids = Array.from({ length: RUNS }, newId);

beforeAll(async () => {
  const store = await openStore({ dataDir });
  const spans = ids.map((id, index): SpanWrite => ({
    op: "post",
    id,
    traceId: id,
    parentId: null,
    dottedOrder: "",
    projectName: "shop",
    name: index === 0 ? "=HYPERLINK(1)" : "rag",
    kind: index % 2 === 0 ? "chain" : "llm",
    startAt: now - (RUNS - index) * HOUR_MS,
    endAt: now - (RUNS - index) * HOUR_MS + 500,
    // As it came, with line breaks between its tokens.
    inputs: bytes(`{\n  "question": "line\\nbreak ${index}"\r\n}`),
    outputs: bytes('{"answer":"a, \\"b\\""}'),
    metadata: { tier: "free" },
    tags: ["@import"],
  }));
  const feedback = [{ id: newId(), runId: ids[0] ?? "", key: "faithful", score: 0.5, comment: "half" }];
  await store.spanIngest({ spans, feedback });
  const { id: datasetId } = await store.datasetCreate({ name: "golden" });
  const examples = Array.from({ length: 3 }, (_, n) => ({ inputs: { n }, outputs: { n: n * n }, splits: ["test"] }));
  await store.exampleWrite({ datasetId, examples });
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const exported = (...args: string[]): Promise<Ended> =>
  ended(startLoopsmith(["export", ...args, "--data-dir", dataDir]));

describe("loopsmith export", () => {
  it("writes one run a line, oldest first, with its feedback", async () => {
    const { status, stdout } = await exported("shop");
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    const runs = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(runs.map((run) => run["id"])).toEqual(ids);
    expect(runs[0]).toMatchObject({
      run_type: "chain",
      inputs: { question: "line\nbreak 0" },
      outputs: { answer: 'a, "b"' },
      feedback: [{ key: "faithful", score: 0.5, comment: "half" }],
    });
    expect(runs[1]).toMatchObject({ feedback: [] });
  });

  it("writes CSV that a spreadsheet runs nothing of", async () => {
    const file = join(folder, "runs.csv");
    const { status, stdout } = await exported("shop", "--out", file, "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ file, format: "csv", rows: RUNS });
    const [header = [], first = [], second = []] = parseCsv(readFileSync(file, "utf8"));
    const cell = (row: readonly string[], name: string): string | undefined => row[header.indexOf(name)];
    expect(cell(first, "name")).toBe("'=HYPERLINK(1)");
    expect(cell(first, "tags")).toBe("'@import");
    expect(JSON.parse(cell(first, "inputs") ?? "")).toEqual({ question: "line\nbreak 0" });
    expect(cell(second, "latency_seconds")).toBe("0.5");
    expect(JSON.parse(cell(first, "feedback") ?? "")).toMatchObject([{ key: "faithful", score: 0.5 }]);
    // Nothing half-written is left beside it.
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("takes a filter, a range and a limit", async () => {
    const count = async (...args: string[]): Promise<number> =>
      (await exported("shop", ...args)).stdout.split("\n").length - 1;
    expect(await count("--filter", 'eq(run_type, "llm")')).toBe(RUNS / 2);
    expect(await count("--since", "630m")).toBe(10);
    expect(await count("--limit", "250", "--roots")).toBe(250);
  });

  it("writes the examples of a dataset", async () => {
    const { stdout } = await exported("--dataset", "golden");
    const examples = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(examples).toMatchObject([0, 1, 2].map((n) => ({ inputs: { n }, outputs: { n: n * n }, splits: ["test"] })));
    const file = join(folder, "golden.csv");
    expect((await exported("--dataset", "golden", "--out", file)).stdout).toBe(`3 examples in ${file}\n`);
    expect(parseCsv(readFileSync(file, "utf8"))).toHaveLength(4);
  });

  it("stops quietly when whoever reads has enough", async () => {
    const child = startLoopsmith(["export", "shop", "--data-dir", dataDir]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
    expect(said).toBe("");
  });

  it("says what is wrong", async () => {
    expect(await exported("nothing")).toMatchObject({ status: 3, stdout: "", stderr: expect.stringContaining("shop") });
    expect(await exported("shop", "--filter", "eq(name")).toMatchObject({ status: 2, stdout: "" });
    expect(await exported("shop", "--format", "xml")).toMatchObject({ status: 2, stdout: "" });
    expect(await exported()).toMatchObject({ status: 2, stdout: "" });
  });
});
