import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { startServer, type RunningServer } from "./official-client.ts";

let running: RunningServer;
let datasetId: string;
beforeAll(async () => {
  running = await startServer();
  ({ id: datasetId } = await running.client.createDataset("bad input"));
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const call = (method: string, path: string, body: string | FormData): Promise<Response> =>
  fetch(running.listening.url + path, { method, body });

/** A multipart request with these parts, each JSON text. */
async function upload(parts: Record<string, string>): Promise<{ status: number; body: { [field: string]: unknown } }> {
  const form = new FormData();
  for (const [name, text] of Object.entries(parts)) form.append(name, new Blob([text], { type: "application/json" }));
  const response = await call("POST", `/v1/platform/datasets/${datasetId}/examples`, form);
  return { status: response.status, body: (await response.json()) as { [field: string]: unknown } };
}

describe("examples that are not as they should be", () => {
  it("names the part that is wrong, and stores nothing of the request", async () => {
    const id = newId();
    const good = { [id]: "{}", [`${id}.inputs`]: "{}" };
    expect(await upload({ ...good, "not-an-id": "{}" })).toMatchObject({ status: 400, body: { field: "not-an-id" } });
    const other = newId();
    expect(await upload({ ...good, [`${other}.inputs`]: "[1]" })).toMatchObject({
      status: 400,
      body: { field: `${other}.inputs`, detail: expect.stringContaining("must be a JSON object") },
    });
    expect(await upload({ ...good, [`${id}.inputs`]: "{" })).toMatchObject({ status: 400 });
    expect(await upload({ ...good, [`${id}.color`]: "{}" })).toMatchObject({
      status: 400,
      body: { field: `${id}.color` },
    });
    expect(await upload({ ...good, [id]: '{"split":7}' })).toMatchObject({ status: 400, body: { field: "split" } });
    const deep = `{"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`;
    expect(await upload({ [id]: "{}", [`${id}.inputs`]: deep })).toMatchObject({ status: 400 });
    const huge = JSON.stringify({ text: "x".repeat(21_000_000) });
    // Refused before it is read to its end, which the sender may see as a reset.
    const refused = await upload({ [id]: "{}", [`${id}.inputs`]: huge }).then(
      ({ status }) => status,
      (error: Error) => String(error.cause),
    );
    expect(String(refused)).toMatch(/413|ECONNRESET|EPIPE/);
    expect((await running.client.readDataset({ datasetId })).example_count).toBe(0);
  });

  it("refuses documents that are too much together, whatever each of them is", async () => {
    const text = JSON.stringify({ text: "x".repeat(15_000_000) });
    const parts = Array.from({ length: 3 }, () => [`${newId()}.inputs`, text]);
    expect(await upload(Object.fromEntries(parts))).toMatchObject({ status: 413, body: { code: "too_large" } });
  });

  it("keeps prototype keys, NUL and lone surrogates as they came", async () => {
    const inputs = '{"__proto__":{"polluted":true},"constructor":1,"text":"a\\u0000b \\ud83d ž"}';
    const id = newId();
    await upload({ [id]: '{"metadata":{"__proto__":1,"dataset_split":["s"]}}', [`${id}.inputs`]: inputs });
    const text = await (await fetch(`${running.listening.url}/examples/${id}`)).text();
    expect(JSON.stringify((JSON.parse(text) as { inputs: unknown }).inputs)).toBe(JSON.stringify(JSON.parse(inputs)));
    expect(text).toContain('"metadata":{"__proto__":1,"dataset_split":["s"]}');
    const bulk = await call("POST", "/examples/bulk", `[{"dataset_id":"${datasetId}","inputs":${inputs}}]`);
    expect(await bulk.text()).toContain('"inputs":{"__proto__":{"polluted":true}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("tells which of many is wrong", async () => {
    const bodies = [
      { dataset_id: datasetId, inputs: {} },
      { dataset_id: datasetId, inputs: "text" },
    ];
    const response = await call("POST", "/examples/bulk", JSON.stringify(bodies));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining("inputs: must be a JSON object") });
    expect((await call("POST", "/examples/bulk", "{}")).status).toBe(400);
  });

  it("refuses what it cannot do instead of leaving it out", async () => {
    const wanted = { name: "t", transformations: [{ path: ["inputs"], transformation_type: "remove_extra_fields" }] };
    const response = await call("POST", "/datasets", JSON.stringify(wanted));
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining("transformations are not supported"),
    });
    const latest = await call("PUT", `/datasets/${datasetId}/tags`, JSON.stringify({ as_of: "latest", tag: "latest" }));
    expect(latest.status).toBe(400);
    expect((await fetch(`${running.listening.url}/examples`)).status).toBe(400);
    expect((await fetch(`${running.listening.url}/examples?dataset=${datasetId}&as_of=nothing`)).status).toBe(404);
  });
});
