import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type Example, type Run } from "langsmith";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { DatasetReport } from "../../src/cli/import/import-dataset.ts";
import type { ImportReport } from "../../src/cli/import/import-runs.ts";
import { openStore } from "../../src/store/open-store.ts";
import { collect } from "../server/official-client.ts";
import { refusingProxy } from "../servers/refusing-proxy.ts";
import { ended, serveProcess, startLoopsmith, type ServeProcess } from "./loopsmith-process.ts";

const HOUR_MS = 60 * 60_000;
const PROJECT = "shop";
const DATASET = "golden";
/** Two runs each, a quarter of an hour apart. */
const TRACES = 800;
const RUNS = 2 * TRACES;
/** Every tenth trace was judged. */
const FEEDBACK = TRACES / 10;
const EXAMPLES = 230;
const PNG = Uint8Array.from({ length: 512 }, (_, index) => index % 256);

// Whole processes: on a busy machine they take their time, and only hanging is a failure.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), "loopsmith-import-"));
let source: ServeProcess;
let there: Client;
beforeAll(async () => {
  source = await serveProcess(join(folder, "source"));
  there = new Client({ apiUrl: source.url, apiKey: "any" });
  await seedRuns();
  await seedDataset();
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const uuid = (kind: number, index: number): string =>
  `01a20a88-3919-7000-800${kind}-${index.toString(16).padStart(12, "0")}`;

async function seedRuns(): Promise<void> {
  const begin = Date.now() - TRACES * (HOUR_MS / 4) - HOUR_MS;
  const project = await there.createProject({ projectName: PROJECT, metadata: { team: "search" } });
  for (let at = 0; at < TRACES; at += 100) {
    const runCreates = Array.from({ length: 100 }, (_, index) => traceOf(at + index, begin)).flat();
    await there.multipartIngestRuns({ runCreates: runCreates as never });
  }
  for (let index = 0; index < TRACES; index += 10) {
    const start = begin + index * (HOUR_MS / 4);
    await there.createFeedback({
      runId: uuid(1, index),
      traceId: uuid(1, index),
      sessionId: project.id,
      startTime: start,
      key: "faithful",
      score: (index % 3) / 2,
      comment: `judged ${index}`,
    });
  }
  await there.awaitPendingTraceBatches();
}

function traceOf(index: number, begin: number): object[] {
  const start = begin + index * (HOUR_MS / 4);
  const [root, child] = [uuid(1, index), uuid(2, index)];
  const order = (ms: number, id: string): string =>
    `${new Date(ms).toISOString().replace(/[-:.]/g, "").slice(0, -1)}000Z${id}`;
  const common = { trace_id: root, session_name: PROJECT, extra: { metadata: { tier: index % 2 ? "paid" : "free" } } };
  return [
    {
      ...common,
      id: root,
      name: "rag",
      run_type: "chain",
      inputs: { question: `question ${index}` },
      outputs: { answer: "yes" },
      start_time: new Date(start).toISOString(),
      end_time: new Date(start + 900).toISOString(),
      dotted_order: order(start, root),
      tags: ["production"],
    },
    {
      ...common,
      id: child,
      parent_run_id: root,
      name: "model",
      run_type: "llm",
      inputs: { messages: [{ role: "user", content: `question ${index}` }] },
      outputs: {
        messages: [{ role: "assistant", content: "yes" }],
        usage_metadata: { input_tokens: 7, output_tokens: 3 },
      },
      error: index % 50 === 0 ? "Error: overloaded" : undefined,
      start_time: new Date(start + 100).toISOString(),
      end_time: new Date(start + 800).toISOString(),
      dotted_order: `${order(start, root)}.${order(start + 100, child)}`,
      ...(index % 200 === 0 ? { attachments: { picture: ["image/png", PNG] } } : {}),
    },
  ];
}

async function seedDataset(): Promise<void> {
  const { id: dataset_id } = await there.createDataset(DATASET, { description: "what is right" });
  const uploads = Array.from({ length: EXAMPLES }, (_, index) => ({
    dataset_id,
    id: uuid(3, index),
    inputs: { question: index },
    outputs: { answer: index * index },
    metadata: { source: "hand" },
    split: index % 5 === 0 ? "test" : "train",
    ...(index === 0 ? { attachments: { picture: { mimeType: "image/png", data: PNG } } } : {}),
  }));
  await there.createExamples(uploads);
}

const importing = (dataDir: string, ...args: string[]): string[] => [
  "import",
  ...args,
  "--data-dir",
  dataDir,
  "--json",
];

async function run<T>(args: readonly string[], from = source.url): Promise<T> {
  const { status, stdout, stderr } = await ended(startLoopsmith([...args, "--from", from]));
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

/** Everything of a project that a copy has to have, by the official client. */
async function contentOf(client: Client): Promise<object[]> {
  const runs = (await collect(client.listRuns({ projectName: PROJECT }))) as (Run & { s3_urls?: object })[];
  const plain = runs.map(({ s3_urls, app_path: _path, ...rest }) => ({
    ...rest,
    attachments: Object.keys(s3_urls ?? {}),
  }));
  return plain.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function withCopy<T>(dataDir: string, work: (here: Client) => Promise<T>): Promise<T> {
  await using copy = await serveProcess(dataDir);
  return await work(new Client({ apiUrl: copy.url, apiKey: "any" }));
}

describe("loopsmith import", () => {
  it("copies every run with children, feedback and attachments", async () => {
    const dataDir = join(folder, "whole");
    const report = await run<ImportReport>(importing(dataDir, PROJECT, "--rate", "1000"));
    expect(report).toMatchObject({
      runs: RUNS,
      feedback: FEEDBACK,
      attachments: 4,
      missingAttachments: [],
      rejected: [],
    });
    await withCopy(dataDir, async (here) => {
      expect(await contentOf(here)).toEqual(await contentOf(there));
      const feedback = await collect(here.listFeedback({ runIds: [uuid(1, 10)] }));
      expect(feedback).toEqual(await collect(there.listFeedback({ runIds: [uuid(1, 10)] })));
      const project = await here.readProject({ projectName: PROJECT });
      expect(project.extra?.["metadata"]).toMatchObject({ team: "search" });
      const [run] = (await collect(here.listRuns({ id: [uuid(2, 200)] }))) as unknown as {
        s3_urls: Record<string, { presigned_url: string }>;
      }[];
      const link = run?.s3_urls["attachment.picture"]?.presigned_url ?? "";
      expect(new Uint8Array(await (await fetch(link)).arrayBuffer())).toEqual(PNG);
    });
  });

  it("goes on where a killed one got to, and doubles nothing", async () => {
    const dataDir = join(folder, "killed");
    const child = startLoopsmith([...importing(dataDir, PROJECT, "--rate", "6"), "--from", source.url]);
    const done = ended(child);
    const count = await countWhen(child, dataDir, (stored) => stored > RUNS / 2);
    child.kill("SIGKILL");
    expect(await done).toMatchObject({ status: null, stdout: "" });
    expect(count).toBeLessThan(RUNS);
    const report = await run<ImportReport>(importing(dataDir, PROJECT, "--rate", "1000"));
    // What lies behind the last step is not asked for again.
    expect(report.runs).toBeLessThan(RUNS);
    await withCopy(dataDir, async (here) => expect(await contentOf(here)).toEqual(await contentOf(there)));
    const again = await run<ImportReport>(importing(dataDir, PROJECT, "--rate", "1000"));
    expect(again.runs).toBeLessThan(20);
  });

  it("takes a range, a filter and another name", async () => {
    const dataDir = join(folder, "part");
    const filter = 'eq(run_type, "llm")';
    const report = await run<ImportReport>(
      importing(dataDir, PROJECT, "--as", "models", "--since", "1570m", "--filter", filter, "--rate", "1000"),
    );
    expect(report).toMatchObject({ project: { name: "models" }, runs: 100, feedback: 0 });
    const refused = await ended(startLoopsmith([...importing(dataDir, PROJECT), "--from", source.url]));
    expect(refused).toMatchObject({ status: 3, stdout: "" });
    expect(JSON.parse(refused.stderr)).toMatchObject({
      error: { hint: expect.stringContaining('--as "models"') as string },
    });
  });

  it("waits where it is refused, and reads the older API where there is no other", async () => {
    let asked = 0;
    await using proxy = await refusingProxy(source.url, ({ url = "" }) => {
      if (url.startsWith("/api/v2/")) return { status: 404 };
      asked += 1;
      return url.includes("/sessions") && asked % 2 === 0 ? { status: 429, headers: { "retry-after": "0" } } : null;
    });
    const dataDir = join(folder, "older");
    const report = await run<ImportReport>(importing(dataDir, PROJECT, "--rate", "1000"), proxy.url);
    expect(report).toMatchObject({ runs: RUNS, feedback: FEEDBACK, attachments: 4 });
    expect(proxy.refused).toBeGreaterThan(0);
    await withCopy(dataDir, async (here) => expect(await contentOf(here)).toEqual(await contentOf(there)));
  });

  it("copies a dataset, and later only what has changed", async () => {
    const dataDir = join(folder, "dataset");
    const args = importing(dataDir, "--dataset", DATASET, "--rate", "1000");
    const first = await run<{ datasets: DatasetReport[] }>(args);
    expect(first.datasets).toMatchObject([{ examples: EXAMPLES, written: EXAMPLES, missingAttachments: [] }]);
    const second = await run<{ datasets: DatasetReport[] }>(args);
    expect(second.datasets).toMatchObject([{ examples: EXAMPLES, written: 0 }]);
    await there.updateExample({ id: uuid(3, 7), outputs: { answer: "other" }, dataset_id: await datasetId() });
    const third = await run<{ datasets: DatasetReport[] }>(args);
    expect(third.datasets).toMatchObject([{ examples: EXAMPLES, written: 1 }]);
    await withCopy(dataDir, async (here) => {
      expect(await examplesOf(here)).toEqual(await examplesOf(there));
    });
  });

  it("says what is wrong", async () => {
    const dataDir = join(folder, "wrong");
    const missing = await ended(startLoopsmith([...importing(dataDir, "nothing"), "--from", source.url]));
    expect(missing).toMatchObject({ status: 3, stdout: "" });
    expect(missing.stderr).toContain(PROJECT);
    const unnamed = await ended(startLoopsmith(importing(dataDir)));
    expect(unnamed).toMatchObject({ status: 2, stdout: "" });
    const nobody = await ended(startLoopsmith([...importing(dataDir, PROJECT), "--from", "http://127.0.0.1:9"]));
    expect(nobody).toMatchObject({ status: 5, stdout: "" });
  });
});

/** Waits until the folder's database holds what `enough` asks for, looking in as a reading command does. */
async function countWhen(child: ChildProcess, dataDir: string, enough: (count: number) => boolean): Promise<number> {
  while (child.exitCode === null) {
    const store = await openStore({ dataDir });
    try {
      const project = await store.projectGet({ name: PROJECT });
      const { count } = await store.spanStats({ projectIds: [project?.id ?? uuid(0, 0)] });
      if (enough(count)) return count;
    } finally {
      await store.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it ended before it could be killed");
}

const datasetId = async (): Promise<string> => (await there.readDataset({ datasetName: DATASET })).id;

async function examplesOf(client: Client): Promise<object[]> {
  const examples: Example[] = await collect(client.listExamples({ datasetName: DATASET, includeAttachments: true }));
  const plain = examples.map(({ id, inputs, outputs, metadata, created_at, attachments }) => ({
    id,
    inputs,
    outputs,
    metadata,
    created_at,
    attachments: Object.keys(attachments ?? {}),
  }));
  return plain.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
