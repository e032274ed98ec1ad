import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { collect, startServer, type RunningServer } from "./official-client.ts";

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

let count = 0;
const datasetName = (): string => `dataset ${(count += 1)}`;
const bytesOf = async (url: string): Promise<string> => (await fetch(url)).text();

describe("datasets, by the official client", () => {
  it("creates, finds, changes and deletes a dataset", async () => {
    const { client } = running;
    const name = datasetName();
    const created = await client.createDataset(name, { description: "d", dataType: "llm", metadata: { team: "a" } });
    expect(await client.readDataset({ datasetName: name })).toMatchObject({
      id: created.id,
      data_type: "llm",
      metadata: { team: "a" },
      example_count: 0,
    });
    await expect(client.createDataset(name)).rejects.toThrow(/409|already exists/);
    expect(await collect(client.listDatasets({ metadata: { team: "a" } }))).toHaveLength(1);
    expect(await collect(client.listDatasets({ metadata: { team: "b" } }))).toHaveLength(0);
    expect((await client.updateDataset({ datasetId: created.id, description: "e" })).description).toBe("e");
    await client.deleteDataset({ datasetId: created.id });
    expect(await client.hasDataset({ datasetName: name })).toBe(false);
  });

  it("keeps every version readable, tagged and comparable", async () => {
    const { client } = running;
    const { id: datasetId } = await client.createDataset(datasetName());
    const first = await client.createExample({ q: 1 }, { a: 1 }, { datasetId });
    await client.updateDatasetTag({ datasetId, asOf: first.modified_at ?? "", tag: "v1" });
    const second = await client.createExample({ q: 2 }, { a: 2 }, { datasetId });
    await client.updateExample(first.id, { outputs: { a: "one" } });
    expect(await collect(client.listExamples({ datasetId, asOf: "v1" }))).toMatchObject([{ outputs: { a: 1 } }]);
    expect(await collect(client.listExamples({ datasetId }))).toHaveLength(2);
    const diff = await client.diffDatasetVersions({ datasetId, fromVersion: "v1", toVersion: "latest" });
    expect(diff).toEqual({ examples_added: [second.id], examples_modified: [first.id], examples_removed: [] });
    expect(await client.readDatasetVersion({ datasetId, tag: "v1" })).toMatchObject({ tags: ["v1"] });
    expect(await client.readDatasetVersion({ datasetId, tag: "latest" })).toMatchObject({ tags: ["latest"] });
    await expect(client.readDatasetVersion({ datasetId, tag: "v2" })).rejects.toThrow(/no version v2/);
  });

  it("moves attachments with their example, and old links stay true", async () => {
    const { client } = running;
    const { id: datasetId } = await client.createDataset(datasetName());
    const id = newId();
    const file = (text: string) => ({ mimeType: "text/plain", data: new TextEncoder().encode(text) });
    await client.createExample({
      id,
      dataset_id: datasetId,
      inputs: { q: 1 },
      attachments: { "a b": file("first"), other: file("second") },
    });
    const before = await client.readExample(id);
    const link = before.attachments?.["a b"]?.presigned_url ?? "";
    expect(await bytesOf(link)).toBe("first");
    expect(await bytesOf(`${link}x`)).toContain("not one this server gave out");
    await client.updateExample({ id, attachments_operations: { rename: { "a b": "renamed" }, retain: ["other"] } });
    const after = await client.readExample(id);
    expect(Object.keys(after.attachments ?? {})).toEqual(["renamed", "other"]);
    await client.updateExample({ id, attachments: { third: file("3") } });
    expect(Object.keys((await client.readExample(id)).attachments ?? {})).toEqual(["third"]);
    expect(await bytesOf(link)).toBe("first");
    const [old] = await collect(client.listExamples({ datasetId, asOf: before.modified_at, includeAttachments: true }));
    expect(await bytesOf(old?.attachments?.["a b"]?.presigned_url ?? "")).toBe("first");
    await client.deleteExamples([id], { hardDelete: true });
    expect((await fetch(link)).status).toBe(404);
  });

  it("refuses to keep two attachments under one name", async () => {
    const { client } = running;
    const { id: datasetId } = await client.createDataset(datasetName());
    const [id = ""] = (
      await client.uploadExamplesMultipart(datasetId, [
        { inputs: {}, attachments: { a: ["text/plain", new Uint8Array(1)], b: ["text/plain", new Uint8Array(1)] } },
      ])
    ).example_ids;
    const update = client.updateExample({ id, attachments_operations: { retain: ["a"], rename: { b: "a" } } });
    await expect(update).rejects.toThrow(/more than one attachment would be called a/);
  });

  it("filters, splits and patches metadata of many at once", async () => {
    const { client } = running;
    const { id: datasetId } = await client.createDataset(datasetName());
    await client.createExamples({
      datasetId,
      inputs: [{ q: 1 }, { q: 2 }, { q: 3 }],
      outputs: [{ a: 1 }, { a: 2 }, { a: 3 }],
      splits: ["train", ["train", "test"], "test"],
      metadata: [{ k: 1 }, { k: { deep: true } }, {}],
    });
    const questions = async (query: object): Promise<unknown[]> =>
      (await collect(client.listExamples({ datasetId, ...query })))
        .map(({ inputs }) => Number(inputs["q"]))
        .sort((a, b) => a - b);
    expect(await questions({ splits: ["train"] })).toEqual([1, 2]);
    expect(await questions({ metadata: { k: 1 } })).toEqual([1]);
    expect(await questions({ filter: 'exists(metadata, "k")' })).toEqual([1, 2]);
    expect(await questions({ filter: 'and(exists(metadata, "k"), not(has(metadata, \'{"k": 1}\')))' })).toEqual([2]);
    await expect(questions({ filter: "exists(metadata" })).rejects.toThrow(/400.*position/s);
    expect(await client.listDatasetSplits({ datasetId })).toEqual(["test", "train"]);
    const ids = (await collect(client.listExamples({ datasetId }))).map(({ id }) => id);
    await client.updateDatasetSplits({ datasetId, splitName: "train", exampleIds: ids, remove: true });
    expect(await client.listDatasetSplits({ datasetId })).toEqual(["base", "test"]);
    expect(await questions({ splits: ["base"] })).toEqual([1]);
  });

  it("pages through more examples than fit on one", async () => {
    const { client } = running;
    const { id: datasetId } = await client.createDataset(datasetName());
    await client.createExamples({ datasetId, inputs: Array.from({ length: 250 }, (_, index) => ({ index })) });
    const examples = await collect(client.listExamples({ datasetId }));
    expect(new Set(examples.map(({ inputs }) => inputs["index"])).size).toBe(250);
    expect(await collect(client.listExamples({ datasetId, limit: 7, offset: 245 }))).toHaveLength(5);
  });

  it("holds examples to the dataset's schemas, with 422 and the field", async () => {
    const { client, listening } = running;
    const { id: datasetId } = await client.createDataset(datasetName(), {
      inputsSchema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] },
    });
    await expect(client.createExample({ q: 1 }, {}, { datasetId })).rejects.toThrow(/examples\.0\.inputs\.q/);
    const example = await client.createExample({ q: "one" }, {}, { datasetId });
    await expect(client.updateExample({ id: example.id, inputs: {} })).rejects.toThrow(/422/);
    const response = await fetch(`${listening.url}/examples`, {
      method: "POST",
      body: JSON.stringify({ dataset_id: datasetId, inputs: {} }),
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ field: "examples.0.inputs" });
    await expect(
      client.createDataset(datasetName(), { inputsSchema: { $ref: "https://x.example/y" } }),
    ).rejects.toThrow(/400/);
  });

  it("knows LangSmith's prebuilt types without fetching them", async () => {
    const { client, listening } = running;
    const at = "https://api.smith.langchain.com/public/schemas/v1";
    const { id: datasetId } = await client.createDataset(datasetName(), {
      inputsSchema: {
        type: "object",
        required: ["messages"],
        properties: {
          messages: { type: "array", items: { $ref: `${at}/message.json` } },
          tools: { type: "array", items: { $ref: `${at}/tooldef.json` } },
        },
      },
    });
    const tools = [{ type: "function", function: { name: "search", parameters: { type: "object" } } }];
    await client.createExample({ messages: [{ role: "user", content: "why?" }], tools }, {}, { datasetId });
    const wrong = client.createExample({ messages: [{ role: "robot", content: "why?" }] }, {}, { datasetId });
    await expect(wrong).rejects.toThrow(/messages\.0\.role/);
    const served = await fetch(`${listening.url}/public/schemas/v1/message.json`);
    expect(await served.json()).toMatchObject({ title: "Message" });
  });

  it("tells examples of other datasets and ones that are not there apart", async () => {
    const { client } = running;
    const one = await client.createDataset(datasetName());
    const two = await client.createDataset(datasetName());
    const { id } = await client.createExample({}, {}, { datasetId: one.id });
    await expect(client.updateExamplesMultipart(two.id, [{ id, inputs: {} }])).rejects.toThrow(/409|another dataset/);
    await expect(client.updateExamplesMultipart(one.id, [{ id: newId(), inputs: {} }])).rejects.toThrow(
      /404|not found/,
    );
    await expect(client.uploadExamplesMultipart(newId(), [{ inputs: {} }])).rejects.toThrow(/404|not found/);
    await expect(client.createExample({ id, dataset_id: one.id, inputs: {} })).rejects.toThrow(/409|already exists/);
  });

  it("takes CSV in and gives CSV, JSONL and OpenAI's fine-tuning format out", async () => {
    const { client, listening } = running;
    const csv = new Blob(['question,answer,extra\n"what, why?",because,x\nwho?,me,y\n']);
    const dataset = await client.uploadCsv({
      csvFile: csv,
      fileName: "questions.csv",
      inputKeys: ["question"],
      outputKeys: ["answer"],
    });
    expect(dataset).toMatchObject({ name: "questions.csv", example_count: 2 });
    expect(await client.readDatasetOpenaiFinetuning({ datasetId: dataset.id })).toEqual([
      {
        messages: [
          { role: "user", content: "what, why?" },
          { role: "assistant", content: "because" },
        ],
      },
      {
        messages: [
          { role: "user", content: "who?" },
          { role: "assistant", content: "me" },
        ],
      },
    ]);
    const text = await bytesOf(`${listening.url}/datasets/${dataset.id}/csv`);
    expect(text.split("\r\n")[0]).toBe("id,inputs.question,outputs.answer");
    expect(text).toContain('"what, why?",because');
    const lines = (await bytesOf(`${listening.url}/datasets/${dataset.id}/jsonl`)).trim().split("\n");
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ inputs: { question: "who?" } });
    const missing = client.uploadCsv({ csvFile: csv, fileName: "x.csv", inputKeys: ["nope"], outputKeys: [] });
    await expect(missing).rejects.toThrow(/no column .*nope/);
  });

  it("shares a dataset by token, clones it from there, and stops sharing it", async () => {
    const { client } = running;
    const name = datasetName();
    const { id: datasetId } = await client.createDataset(name);
    await client.createExample({ q: 1 }, { a: 1 }, { datasetId });
    const { share_token: token } = await client.shareDataset(datasetId);
    expect(await client.readDatasetSharedSchema(datasetId)).toMatchObject({ share_token: token });
    expect(await client.listSharedExamples(token)).toMatchObject([{ inputs: { q: 1 } }]);
    const copy = datasetName();
    await client.clonePublicDataset(token, { datasetName: copy });
    expect(await collect(client.listExamples({ datasetName: copy }))).toMatchObject([{ outputs: { a: 1 } }]);
    await client.unshareDataset(datasetId);
    await expect(client.readSharedDataset(token)).rejects.toThrow(/404|nothing is shared/);
  });

  it("takes over what its source run was given, answered and attached", async () => {
    const { client } = running;
    const { id: datasetId } = await client.createDataset(datasetName());
    const sourceRunId = newId();
    await client.createRun({
      id: sourceRunId,
      name: "run",
      run_type: "chain",
      inputs: { q: "from run" },
      outputs: { a: "from run" },
      attachments: { file: { mimeType: "text/plain", data: new TextEncoder().encode("run's") } },
      trace_id: sourceRunId,
      dotted_order: `20260101T000000000000Z${sourceRunId}`,
      start_time: 1_767_225_600_000,
      end_time: 1_767_225_601_000,
    });
    await client.awaitPendingTraceBatches();
    const [example] = await client.createExamples([
      { dataset_id: datasetId, inputs: { q: "mine" }, source_run_id: sourceRunId, use_source_run_io: true },
    ]);
    expect(example).toMatchObject({
      inputs: { q: "from run" },
      outputs: { a: "from run" },
      source_run_id: sourceRunId,
    });
    expect(await bytesOf(example?.attachments?.["file"]?.presigned_url ?? "")).toBe("run's");
  });
});
