import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type RunningServer } from "./official-client.ts";

const TRACE = "5b8efff798038103d269b633813fc60c";
const ROOT_RUN = "5b8efff7-9803-8103-d269-b633813fc60c";
let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

interface SpanFields {
  id: string;
  parent?: string;
  name: string;
  attributes?: Record<string, string | number>;
  at?: number;
}

function span({ id, parent, name, attributes = {}, at = 0 }: SpanFields): object {
  const start = 1_795_450_813_105_000_000n + BigInt(at) * 1_000_000n;
  return {
    traceId: TRACE,
    spanId: id,
    ...(parent ? { parentSpanId: parent } : {}),
    name,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 50_000_000n),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
    })),
  };
}

const send = (path: string, spans: object[], gzip = false): Promise<Response> => {
  const json = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  return fetch(`${running.listening.url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "langsmith-project": "otel",
      ...(gzip ? { "content-encoding": "gzip" } : {}),
    },
    body: gzip ? gzipSync(json) : json,
  });
};

it("puts a trace together that arrives child first, root second, and a late child last", async () => {
  const model = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 7 };
  const child = span({ id: "00000000000000a2", parent: "00000000000000a1", name: "chat", attributes: model, at: 5 });
  const grandchild = span({ id: "00000000000000a3", parent: "00000000000000a2", name: "tool", at: 6 });
  const root = span({ id: "00000000000000a1", name: "agent" });
  const late = span({ id: "00000000000000a4", parent: "00000000000000a1", name: "late", at: 60 });
  for (const [path, spans, gzip] of [
    ["/v1/traces", [grandchild, child], false],
    ["/otel/v1/traces", [root], true],
    ["/api/otel/v1/traces", [late], false],
  ] as const) {
    const answer = await send(path, [...spans], gzip);
    expect(answer.status, path).toBe(200);
    expect(await answer.json()).toEqual({});
  }
  const { client } = running;
  const { id: projectId } = await client.readProject({ projectName: "otel" });
  const run = await client.readRun(ROOT_RUN, { loadChildRuns: true });
  expect(run).toMatchObject({ name: "agent", parent_run_id: null, session_id: projectId });
  expect(run.child_runs?.map((each) => each.name)).toEqual(["chat", "late"]);
  expect(run.child_runs?.[0]).toMatchObject({ run_type: "llm", prompt_tokens: 7 });
  expect(run.child_runs?.[0]?.child_runs?.map((each) => each.name)).toEqual(["tool"]);
  const orders = [run, ...(run.child_runs ?? [])].map((each) => String(each.dotted_order));
  expect(orders[1]?.startsWith(`${orders[0]}.`)).toBe(true);
  expect(orders.every((order) => order !== "")).toBe(true);
});

it("counts what it refuses, in OTLP's own words", async () => {
  const answer = await send("/v1/traces", [
    { ...span({ id: "xyz", name: "bad" }) },
    span({ id: "00000000000000b1", name: "ok" }),
  ]);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
  const wrong = await fetch(`${running.listening.url}/v1/traces`, { method: "POST", body: "x" });
  expect(wrong.status).toBe(400);
});

it("orders runs that are posted one by one without their place", async () => {
  const { server, client } = running;
  const post = (body: object): Promise<Response> =>
    server.fetch("http://x/runs", {
      method: "POST",
      body: JSON.stringify({ run_type: "chain", inputs: {}, session_name: "single", ...body }),
    });
  const root = "01a20a88-3919-7000-8000-000000000001";
  const child = "01a20a88-3919-7000-8000-000000000002";
  await post({ id: child, trace_id: root, parent_run_id: root, name: "child", start_time: "2026-11-23T10:00:01Z" });
  await post({ id: root, trace_id: root, name: "root", start_time: "2026-11-23T10:00:00Z" });
  const run = await client.readRun(root, { loadChildRuns: true });
  expect(run.dotted_order).toBe(`20261123T100000000000Z${root}`);
  expect(run.child_runs?.map((each) => each.dotted_order)).toEqual([
    `20261123T100000000000Z${root}.20261123T100001000000Z${child}`,
  ]);
});
