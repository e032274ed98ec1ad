import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nextTurn } from "../../src/internal/next-turn.ts";
import { createServer } from "../../src/server/create-server.ts";
import type { Store } from "../../src/store/store.ts";
import { collect, startServer, type RunningServer } from "./official-client.ts";

const MB = 1024 * 1024;
let running: RunningServer;
beforeAll(async () => {
  running = await startServer({ limits: { bodyBytes: 4 * MB, inflatedBytes: 8 * MB, inFlightBytes: 6 * MB } });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const post = (
  path: string,
  body: NonNullable<RequestInit["body"]>,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(`${running.listening.url}${path}`, { method: "POST", body, headers });

const batch = (...runs: object[]): Promise<Response> => post("/runs/batch", JSON.stringify({ post: runs }));

function run(fields: Record<string, unknown> = {}): Record<string, unknown> & { id: string } {
  const id = typeof fields["id"] === "string" ? fields["id"] : randomUUID();
  return {
    trace_id: id,
    dotted_order: `20261123T100000000000Z${id}`,
    name: "run",
    run_type: "chain",
    start_time: "2026-11-23T10:00:00.000000Z",
    end_time: "2026-11-23T10:00:01.000000Z",
    session_name: "bad-input",
    inputs: {},
    ...fields,
    id,
  };
}

/** A promise that is settled from outside. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

async function projectId(): Promise<string> {
  return (await running.client.readProject({ projectName: "bad-input" })).id;
}

describe("sizes", () => {
  it("refuses a body over the limit, told by its length or found while it arrives", async () => {
    const body = Buffer.alloc(5 * MB, 32);
    const told = await post("/runs/batch", body);
    expect(told.status).toBe(413);
    expect(await told.json()).toMatchObject({ code: "too_large", hint: expect.any(String) as string });
    const status = await new Promise<number | string>((resolve) => {
      const outgoing = request(`${running.listening.url}/runs/batch`, { method: "POST" }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      // The server may hang up before everything is sent; it never takes the rest.
      outgoing.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      outgoing.on("socket", (socket) => socket.on("error", () => {}));
      for (let sent = 0; sent < 10; sent++) outgoing.write(body.subarray(0, MB));
      outgoing.end();
    });
    expect([413, "ECONNRESET", "EPIPE"]).toContain(status);
    expect((await batch(run())).status).toBe(202);
  });

  it("refuses a decompression bomb after its first kilobytes", async () => {
    const bomb = gzipSync(Buffer.alloc(300 * MB));
    const answer = await post("/runs/batch", bomb, { "content-encoding": "gzip" });
    expect(answer.status).toBe(413);
    const nested = await post("/runs/batch", gzipSync(bomb), { "content-encoding": "gzip" });
    expect([400, 413]).toContain(nested.status);
    const broken = await post("/runs/batch", bomb.subarray(0, 1000), { "content-encoding": "gzip" });
    expect([400, 413]).toContain(broken.status);
    expect((await post("/runs/batch", "x", { "content-encoding": "br" })).status).toBe(400);
  });

  it("asks to wait when compressed bodies grow to more than it may hold", async () => {
    const text = Array.from({ length: 150_000 }, (_, index) => `what a settle window is for: ${index}`).join("; ");
    const body = gzipSync(JSON.stringify({ post: [run({ inputs: { text } })] }));
    expect(body.byteLength).toBeLessThan(MB);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post("/runs/batch", body, { "content-encoding": "gzip" })),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202, 429]));
    expect((await post("/runs/batch", body, { "content-encoding": "gzip" })).status).toBe(202);
  });

  it("counts what documents become in memory until they are written", async () => {
    const { id } = await running.client.createDataset("several-documents");
    const body = JSON.stringify({ dataset_id: id, inputs: { text: "x".repeat(800_000) } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => post("/examples", body)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 429]));
    expect((await post("/examples", body)).status).toBe(200);
  });

  it("takes documents of many megabytes, without holding others up", async () => {
    const list = Array.from({ length: 60_000 }, (_, index) => ({ index, text: "x".repeat(100) }));
    await using large = await startServer();
    const { id } = await large.client.createDataset("large-documents");
    const body = JSON.stringify({ dataset_id: id, inputs: { list } });
    expect(body.length).toBeGreaterThan(5 * MB);
    const answer = await fetch(`${large.listening.url}/examples`, { method: "POST", body });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { inputs: unknown }).inputs).toEqual({ list });
  });

  it("asks to wait when more arrives than it may hold", async () => {
    const text = JSON.stringify({ post: [run({ inputs: { text: "x".repeat(3 * MB) } })] });
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const answer = await post("/runs/batch", text);
        return answer.status === 429 ? `429 after ${answer.headers.get("retry-after")} s` : String(answer.status);
      }),
    );
    expect(new Set(statuses)).toEqual(new Set(["202", "429 after 1 s"]));
    expect((await post("/runs/batch", text)).status).toBe(202);
  });

  it("asks to wait, without taking the body, while too many others stand in line", async () => {
    const begun = gate();
    const disk = gate();
    const spanIngest = async (): Promise<{ touched: [] }> => {
      begun.open();
      await disk.opened;
      return { touched: [] };
    };
    const server = createServer({ store: { spanIngest } as unknown as Store });
    const send = (runs: number): Promise<Response> => {
      const body = JSON.stringify({ post: Array.from({ length: runs }, () => run()) });
      return Promise.resolve(server.fetch(new Request("http://localhost/runs/batch", { method: "POST", body })));
    };
    // The first is all that may be unwritten.
    const first = send(10_001);
    await begun.opened;
    const inLine = Array.from({ length: 256 }, () => send(1));
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    let taken = 0;
    const body = new ReadableStream({ pull: () => void taken++ }, { highWaterMark: 0 });
    const request = new Request("http://localhost/runs/batch", { method: "POST", body, duplex: "half" });
    expect((await server.fetch(request)).status).toBe(429);
    expect(taken).toBe(0);
    disk.open();
    for (const answer of await Promise.all([first, ...inLine])) expect(answer.status).toBe(202);
  });
});

describe("shapes", () => {
  it.each([
    ["no boundary", "multipart/form-data", "--x\r\n"],
    ["another boundary", "multipart/form-data; boundary=y", "--x\r\n\r\n--x--"],
    [
      "a body that ends in the middle",
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="post.',
    ],
    ["no multipart at all", "application/json", "{}"],
  ])("says what is wrong with %s", async (_what, type, body) => {
    const answer = await post("/runs/multipart", body, { "content-type": type });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid", hint: expect.any(String) as string });
  });

  it("refuses what is nested a million levels deep, and takes its neighbours", async () => {
    const depth = 1_000_000;
    const deep = JSON.stringify(run()).replace(
      '"inputs":{}',
      `"inputs":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`,
    );
    const good = run();
    const answer = await post("/runs/batch", `{"post":[${deep},${JSON.stringify(good)}]}`);
    if (answer.status === 202) {
      expect(await answer.json()).toMatchObject({ rejected: [{ field: expect.any(String) as string }] });
      expect((await running.client.readRun(good.id)).name).toBe("run");
    } else {
      expect(answer.status).toBe(400);
    }
    const filter = `{"filter":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect((await post("/runs/query", filter)).status).toBe(400);
  });

  it("takes good runs beside bad ones and names the bad", async () => {
    const good = run();
    const answer = await batch({ ...run(), dotted_order: "x" }, good, { id: "7" }, { ...run(), run_type: "robot" });
    expect(answer.status).toBe(202);
    const { rejected } = (await answer.json()) as { rejected: { field: string }[] };
    expect(rejected.map((item) => item.field)).toEqual(["dotted_order", "id", "run_type"]);
    expect((await running.client.readRun(good.id)).id).toBe(good.id);
    const allBad = await batch({ ...run(), dotted_order: "x" });
    expect(allBad.status).toBe(400);
  });

  it("refuses JSON that is none, and fields of a wrong type, by name", async () => {
    expect((await post("/runs/batch", "{nope")).status).toBe(400);
    const answer = await post("/annotation-queues", JSON.stringify({ name: 7 }));
    expect(await answer.json()).toMatchObject({ code: "invalid", field: "name" });
    const query = await fetch(`${running.listening.url}/sessions?limit=x`);
    expect(await query.json()).toMatchObject({ code: "invalid", field: "limit" });
    const cursor = await post("/runs/query", JSON.stringify({ session: [randomUUID()], cursor: "7" }));
    expect(await cursor.json()).toMatchObject({ code: "invalid", field: "cursor" });
  });

  it.each([
    ["deeply nested", `${"and(".repeat(2500)}eq(name, "x")${")".repeat(2500)}`],
    ["very wide", `or(${Array.from({ length: 1000 }, () => 'eq(name,"x")').join(",")})`],
    ["unfinished", 'and(eq(name, "x"), '],
    ["of unknown fields", 'eq(__proto__, "x")'],
  ])("refuses a filter that is %s, by field and place", async (_what, filter) => {
    const answer = await post("/runs/query", JSON.stringify({ session: [randomUUID()], filter }));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid", field: "filter" });
  });
});

describe("contents", () => {
  it("stores a run once, however often its id comes", async () => {
    const once = run({ inputs: { n: 1 } });
    expect((await batch(once, once, { ...once, inputs: { n: 2 } })).status).toBe(202);
    expect((await batch(once)).status).toBe(202);
    const runs = await collect(running.client.listRuns({ id: [once.id] }));
    expect(runs).toHaveLength(1);
    expect(runs[0]?.inputs).toEqual({ n: 1 });
  });

  it("keeps runs whose parents go round in a circle", async () => {
    const [root, a, b] = [run(), run(), run()];
    const order = (child: { id: string }) => `${String(root["dotted_order"])}.20261123T100000100000Z${child.id}`;
    const inTrace = { trace_id: root.id };
    const cyclic = [
      { ...a, ...inTrace, parent_run_id: b.id, dotted_order: order(a) },
      { ...b, ...inTrace, parent_run_id: a.id, dotted_order: order(b) },
    ];
    expect((await batch(root, ...cyclic)).status).toBe(202);
    const { items } = await running.client.traces.listRuns(root.id, { project_id: await projectId() });
    expect(new Set(items?.map((item) => item.id))).toEqual(new Set([root.id, a.id, b.id]));
    const [trace] = await running.server.store.traceRead({ traceIds: [root.id] });
    expect(trace?.spans).toHaveLength(3);
    const self = await batch({ ...run(), ...inTrace, parent_run_id: undefined, dotted_order: undefined, id: root.id });
    expect(self.status).toBe(202);
  });

  it("gives back NUL and lone surrogates where JSON can carry them", async () => {
    const odd = run({
      name: "a\u0000b\ud800",
      tags: ["t\u0000", "\udc00"],
      inputs: { "k\u0000": "v\u0000\ud800", "\ud83d\ude00": "😀" },
      extra: { metadata: { "m\u0000": "\ud800" } },
      error: "broke\u0000",
    });
    expect((await batch(odd)).status).toBe(202);
    const stored = await running.client.readRun(odd.id);
    expect(stored.inputs).toEqual({ "k\u0000": "v\u0000\ud800", "\ud83d\ude00": "😀" });
    expect(stored.name).toBe("a\ufffdb\ufffd");
    expect(stored.tags).toEqual(["t\ufffd", "\ufffd"]);
    const filter = 'and(eq(metadata_key, "m\ufffd"), eq(metadata_value, "\ufffd"))';
    expect((await collect(running.client.listRuns({ projectName: "bad-input", filter }))).map(({ id }) => id)).toEqual([
      odd.id,
    ]);
  });

  it("takes prototype keys for what they are: names", async () => {
    const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x"}';
    const body = JSON.stringify(run()).replace('"inputs":{}', `"inputs":${evil},"extra":{"metadata":${evil}}`);
    const { id } = JSON.parse(body) as { id: string };
    expect((await post("/runs/batch", `{"post":[${body}],"__proto__":{"polluted":1}}`)).status).toBe(202);
    const answer = await fetch(`${running.listening.url}/runs/${id}`);
    expect(await answer.text()).toContain(`"inputs":${evil}`);
    for (const key of ["__proto__", "constructor", "toString"]) {
      await running.client.createFeedback({
        runId: id,
        sessionId: await projectId(),
        key,
        score: 1,
        value: "__proto__",
      });
    }
    const run1 = await running.client.readRun(id);
    expect(Object.keys(run1.feedback_stats ?? {}).sort()).toEqual(["__proto__", "constructor", "toString"]);
    await post(
      "/feedback-configs",
      `{"feedback_key":"__proto__","feedback_config":{"type":"freeform","__proto__":{"polluted":1}}}`,
    );
    await post("/annotation-queues", `{"name":"__proto__","metadata":${evil}}`);
    await post("/sessions", `{"name":"__proto__","extra":${evil}}`);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
