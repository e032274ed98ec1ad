import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import type { SpanWrite } from "../model/span-write.ts";
import { ingestOtlp, otlpAnswer, type IngestOtlpOptions, type OtlpBatch } from "./ingest-otlp.ts";
import { EXPORTED_JSON, EXPORTED_PROTOBUF } from "./otlp/exported.fixture.ts";

const PROTOBUF = "application/x-protobuf";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACE_ID = "0af76519-16cd-43dd-8448-eb211c80319c";
const START = "1795450813105001000";

interface Wire {
  name?: string;
  span?: string;
  parent?: string | null;
  trace?: string;
  start?: string;
  attributes?: Record<string, Json>;
  events?: { name: string; attributes?: Record<string, Json> }[];
  status?: { code: number; message?: string };
}

function anyValue(value: Json): Json {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return value === null ? {} : { kvlistValue: { values: keyValues(value as Record<string, Json>) } };
}

function keyValues(attributes: Record<string, Json> = {}): Json[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function request(spans: readonly Wire[], resource: Record<string, Json> = {}): Buffer {
  const written = spans.map(
    ({
      name = "x",
      span = "b7ad6b7169203331",
      parent = null,
      trace = TRACE,
      start = START,
      attributes,
      events = [],
      status,
    }) => ({
      traceId: trace,
      spanId: span,
      ...(parent === null ? {} : { parentSpanId: parent }),
      name,
      kind: 1,
      startTimeUnixNano: start,
      endTimeUnixNano: "1795450814105001000",
      attributes: keyValues(attributes),
      events: events.map((event) => ({
        name: event.name,
        timeUnixNano: START,
        attributes: keyValues(event.attributes),
      })),
      ...(status ? { status } : {}),
    }),
  );
  const scopeSpans = [{ scope: { name: "test", version: "1" }, spans: written }];
  return Buffer.from(
    JSON.stringify({ resourceSpans: [{ resource: { attributes: keyValues(resource) }, scopeSpans }] }),
  );
}

function ingest(spans: readonly Wire[], options?: IngestOtlpOptions): Promise<OtlpBatch> {
  return ingestOtlp(request(spans), "application/json", options);
}

interface Run extends Omit<SpanWrite, "inputs" | "outputs" | "events" | "extra"> {
  inputs: unknown;
  outputs: unknown;
  events: unknown;
  extra: Record<string, unknown>;
}

async function one(
  attributes: Record<string, Json>,
  more: Partial<Wire> = {},
  options?: IngestOtlpOptions,
): Promise<Run> {
  const { spans, rejected } = await ingest([{ attributes, ...more }], options);
  expect(rejected).toEqual([]);
  const parse = (bytes?: Uint8Array): unknown => (bytes ? JSON.parse(Buffer.from(bytes).toString()) : undefined);
  const span = spans[0]!;
  return {
    ...span,
    inputs: parse(span.inputs),
    outputs: parse(span.outputs),
    events: parse(span.events),
    extra: parse(span.extra) as Record<string, unknown>,
  };
}

test("reads what a real exporter writes, protobuf and JSON alike", async () => {
  const fromProtobuf = await ingestOtlp(Buffer.from(EXPORTED_PROTOBUF, "base64"), PROTOBUF, { project: "shop" });
  const fromJson = await ingestOtlp(Buffer.from(EXPORTED_JSON), "application/json; charset=utf-8", { project: "shop" });
  const [model, root] = fromProtobuf.spans;
  expect(fromProtobuf.rejected).toEqual([]);
  expect(root).toMatchObject({ name: "agent", kind: "chain", parentId: null, projectName: "shop", threadId: "s-1" });
  expect(root?.id).toBe(root?.traceId);
  expect(model).toMatchObject({
    name: "ChatOpenAI",
    kind: "llm",
    parentId: root?.id,
    traceId: root?.traceId,
    model: "gpt-4o",
    usage: { promptTokens: 10, completionTokens: 5, totalTokens: 15 },
    error: "TimeoutError: no answer\n  at ask",
  });
  expect(model?.startAt).toBeCloseTo(1_795_450_813_205.002, 6);
  expect(model?.dottedOrder).toBe(`${root?.dottedOrder}.20261123T162013205002Z${model?.id}`);
  const text = (batch: OtlpBatch): unknown =>
    batch.spans.map((span) => ({ ...span, extra: String(span.extra), events: String(span.events) }));
  expect(text(fromJson)).toEqual(text(fromProtobuf));
});

test("takes base64 ids, snake_case and enum names as other mappings write them", async () => {
  const span = {
    trace_id: Buffer.from(TRACE, "hex").toString("base64"),
    span_id: Buffer.from("b7ad6b7169203331", "hex").toString("base64"),
    name: "x",
    kind: "SPAN_KIND_CLIENT",
    start_time_unix_nano: START,
    end_time_unix_nano: 1_795_450_814_105_001_000,
    status: { code: "STATUS_CODE_ERROR", message: "bad" },
    attributes: [{ key: "gen_ai.tool.name", value: { string_value: "search" } }],
  };
  const body = { resource_spans: [{ scope_spans: [{ spans: [span] }] }] };
  const { spans } = await ingestOtlp(Buffer.from(JSON.stringify(body)), "application/json");
  expect(spans[0]).toMatchObject({ id: TRACE_ID, name: "search", kind: "tool", error: "bad" });
  expect(spans[0]?.endAt).toBeCloseTo(1_795_450_814_105.001, 3);
});

test("maps GenAI conventions: messages, tool calls, parameters, usage", async () => {
  const run = await one({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.stop_sequences": ["x"],
    "gen_ai.conversation.id": "c-1",
    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
    "gen_ai.input.messages": JSON.stringify([
      { role: "user", parts: [{ type: "text", content: "Weather?" }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "t1", name: "weather", arguments: { city: "Bern" } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "t1", response: { c: 7 } }] },
    ]),
    "gen_ai.output.messages": JSON.stringify([
      { role: "assistant", parts: [{ type: "text", content: "7 C" }], finish_reason: "stop" },
    ]),
    "gen_ai.usage.input_tokens": 11,
    "gen_ai.usage.output_tokens": 3,
  });
  expect(run).toMatchObject({
    kind: "llm",
    model: "gpt-4o",
    threadId: "c-1",
    usage: { promptTokens: 11, completionTokens: 3, totalTokens: 14 },
  });
  expect(run.inputs).toEqual({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "t1", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } }],
      },
      { role: "tool", content: '{"c":7}', tool_call_id: "t1" },
    ],
  });
  expect(run.outputs).toEqual({ messages: [{ role: "assistant", content: "7 C", finish_reason: "stop" }] });
  expect(run.extra["invocation_params"]).toEqual({ model: "gpt-4o", temperature: 0.5, stop: ["x"] });
  expect(run.metadata).toMatchObject({ ls_provider: "openai", ls_model_name: "gpt-4o", thread_id: "c-1" });
});

test("maps GenAI messages that came as span events", async () => {
  const run = await one(
    { "gen_ai.operation.name": "chat" },
    {
      events: [
        { name: "gen_ai.system.message", attributes: { content: "Be brief." } },
        { name: "gen_ai.user.message", attributes: { "gen_ai.event.content": '{"content":"Weather?"}' } },
        { name: "gen_ai.choice", attributes: { "message.content": "7 C", finish_reason: "stop" } },
      ],
    },
  );
  expect(run.inputs).toEqual({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Weather?" },
    ],
  });
  expect(run.outputs).toEqual({ messages: [{ role: "assistant", content: "7 C", finish_reason: "stop" }] });
});

test("maps OpenLLMetry: indexed prompts, entities, association properties", async () => {
  const call = await one({
    "llm.request.type": "chat",
    "gen_ai.system": "Anthropic",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "second",
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "first",
    "gen_ai.completion.0.content": "",
    "gen_ai.completion.0.tool_calls.0.id": "t1",
    "gen_ai.completion.0.tool_calls.0.name": "search",
    "gen_ai.completion.0.tool_calls.0.arguments": '{"q":1}',
    "gen_ai.usage.prompt_tokens": 2,
    "traceloop.association.properties.session_id": "s-9",
  });
  expect(call).toMatchObject({ kind: "llm", threadId: "s-9", usage: { promptTokens: 2, totalTokens: 2 } });
  expect(call.inputs).toEqual({
    messages: [
      { role: "system", content: "first" },
      { role: "user", content: "second" },
    ],
  });
  expect(call.outputs).toEqual({
    messages: [
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "t1", type: "function", function: { name: "search", arguments: '{"q":1}' } }],
      },
    ],
  });
  const task = await one({
    "traceloop.span.kind": "tool",
    "traceloop.entity.name": "lookup",
    "traceloop.entity.input": '{"args":[1]}',
    "traceloop.entity.output": '"done"',
  });
  expect(task).toMatchObject({ kind: "tool", name: "lookup", inputs: { args: [1] }, outputs: { output: '"done"' } });
});

test("maps OpenInference: documents, content parts, tags, metadata", async () => {
  const run = await one({
    "openinference.span.kind": "RETRIEVER",
    "input.value": "what is RAG?",
    "retrieval.documents.0.document.content": "RAG is ...",
    "retrieval.documents.0.document.score": 0.75,
    "retrieval.documents.0.document.metadata": '{"source":"a.md"}',
    "retrieval.documents.1.document.content": "More",
    "tag.tags": ["beta", "eu"],
    metadata: '{"tenant":"t1"}',
    "user.id": "u1",
  });
  expect(run).toMatchObject({ kind: "retriever", inputs: { input: "what is RAG?" }, tags: ["beta", "eu"] });
  expect(run.outputs).toEqual({
    documents: [
      { page_content: "RAG is ...", metadata: { source: "a.md", score: 0.75 }, type: "Document" },
      { page_content: "More", metadata: {}, type: "Document" },
    ],
  });
  expect(run.metadata).toMatchObject({ tenant: "t1", user_id: "u1" });
  const image = await one({
    "openinference.span.kind": "LLM",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.contents.0.message_content.type": "text",
    "llm.input_messages.0.message.contents.0.message_content.text": "look",
    "llm.input_messages.0.message.contents.1.message_content.image.image.url": "https://x/y.png",
  });
  expect(image.inputs).toEqual({
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image_url", image_url: { url: "https://x/y.png" } },
        ],
      },
    ],
  });
});

test("respects LangSmith's own attributes", async () => {
  const run = await one(
    {
      "langsmith.span.kind": "LLM",
      "langsmith.trace.name": "answer",
      "langsmith.trace.session_name": "prod",
      "langsmith.span.tags": "a, b,a",
      "langsmith.metadata.tier": "gold",
      "langsmith.metadata.thread_id": "t-7",
      "langsmith.usage_metadata": '{"input_tokens":1,"output_tokens":2,"total_cost":0.5}',
      "langsmith.reference_example_id": TRACE_ID,
      "gen_ai.prompt": '{"question":"why?"}',
      "gen_ai.completion": '{"answer":"because"}',
      "langsmith.attachments": JSON.stringify([{ name: "a", content: "aGk=", mime_type: "text/plain" }]),
    },
    {},
    { project: "header" },
  );
  expect(run).toMatchObject({
    kind: "llm",
    name: "answer",
    projectName: "prod",
    tags: ["a", "b"],
    threadId: "t-7",
    referenceExampleId: TRACE_ID,
    usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3, cost: 0.5 },
    inputs: { question: "why?" },
    outputs: { answer: "because" },
  });
  expect(run.metadata).toMatchObject({ tier: "gold" });
  const { attachments } = await ingest([
    { attributes: { "langsmith.attachments": '[{"name":"a","content":"aGk=","mime_type":"text/plain"},7]' } },
  ]);
  expect(attachments.map(({ name, mimeType, bytes }) => [name, mimeType, String(bytes)])).toEqual([
    ["a", "text/plain", "hi"],
  ]);
});

test("attaches spans to a run that came another way, and what is below them too", async () => {
  const trace = "018f0000-0000-7000-8000-000000000001";
  const parent = "018f0000-0000-7000-8000-000000000002";
  const own = "018f0000-0000-7000-8000-000000000003";
  const order = `20261123T162013105001Z${trace}.20261123T162013105002Z${parent}.20261123T162013105003Z${own}`;
  const { spans, roots } = await ingest([
    {
      span: "00000000000000a1",
      attributes: {
        "langsmith.trace.id": trace,
        "langsmith.span.parent_id": parent,
        "langsmith.span.id": own,
        "langsmith.span.dotted_order": order,
      },
    },
    { span: "00000000000000a2", parent: "00000000000000a1" },
  ]);
  expect(spans[0]).toMatchObject({ id: own, traceId: trace, parentId: parent, dottedOrder: order });
  expect(spans[1]).toMatchObject({ id: "00000000-0000-0000-0000-0000000000a2", traceId: trace, parentId: own });
  expect(spans[1]?.dottedOrder).toBe(`${order}.20261123T162013105001Z00000000-0000-0000-0000-0000000000a2`);
  expect(roots).toEqual([]);
});

test("links spans within a request and across requests", async () => {
  const root = "00000000000000a1";
  const child = "00000000000000a2";
  const grandchild = "00000000000000a3";
  const whole = await ingest([{ span: grandchild, parent: child }, { span: child, parent: root }, { span: root }]);
  const ids = whole.spans.map(({ id, parentId, traceId }) => [id, parentId, traceId]);
  const [third, second] = ["00000000-0000-0000-0000-0000000000a3", "00000000-0000-0000-0000-0000000000a2"];
  expect(ids).toEqual([
    [third, second, TRACE_ID],
    [second, TRACE_ID, TRACE_ID],
    [TRACE_ID, null, TRACE_ID],
  ]);
  expect(whole.roots).toEqual([{ traceId: TRACE_ID, childrenSay: "00000000-0000-0000-0000-0000000000a1" }]);

  const early = await ingest([{ span: child, parent: root }]);
  expect(early.spans[0]).toMatchObject({ id: second, traceId: TRACE_ID, parentId: whole.roots[0]?.childrenSay });
  expect(early.spans[0]?.dottedOrder).toBeUndefined();
  const late = await ingest([{ span: child, parent: root }], { knownRoots: new Map([[TRACE_ID, root]]) });
  expect(late.spans[0]?.parentId).toBe(TRACE_ID);
});

test("gives the trace's id to one root only, so that a second one overwrites nothing", async () => {
  const [first, second] = ["00000000000000a1", "00000000000000a2"];
  const own = "00000000-0000-0000-0000-0000000000a2";
  const together = await ingest([{ span: first }, { span: second }]);
  expect(together.spans.map(({ id, parentId }) => [id, parentId])).toEqual([
    [TRACE_ID, null],
    [own, null],
  ]);
  const apart = await ingest([{ span: second }], { knownRoots: new Map([[TRACE_ID, first]]) });
  expect(apart.spans.map(({ id }) => id)).toEqual([own]);
  expect(apart.roots).toEqual([]);
  const again = await ingest([{ span: first }], { knownRoots: new Map([[TRACE_ID, first]]) });
  expect(again.spans.map(({ id }) => id)).toEqual([TRACE_ID]);
});

test("knows the roots of LangSmith's own clients", async () => {
  // Python starts its root below a span that is never sent, with the first half of the trace's id.
  const python = await ingest([{ span: "00000000000000a1", parent: TRACE.slice(0, 16) }]);
  expect(python.spans[0]).toMatchObject({ id: TRACE_ID, parentId: null });
  // JavaScript's span processor drops the spans above and marks the topmost that is left.
  const javascript = await ingest([
    { span: "00000000000000a1", parent: "00000000000000ff", attributes: { "langsmith.is_root": true } },
    {
      span: "00000000000000a2",
      parent: "00000000000000fe",
      attributes: { "langsmith.span.parent_id": "00000000-0000-0000-0000-0000000000a1" },
    },
  ]);
  expect(javascript.spans.map(({ id, parentId }) => [id, parentId])).toEqual([
    ["00000000-0000-0000-0000-0000000000a1", null],
    ["00000000-0000-0000-0000-0000000000a2", "00000000-0000-0000-0000-0000000000a1"],
  ]);
});

test("survives cycles, self-parents and long chains", async () => {
  const cycle = await ingest([
    { span: "00000000000000a1", parent: "00000000000000a2" },
    { span: "00000000000000a2", parent: "00000000000000a1" },
    { span: "00000000000000a3", parent: "00000000000000a3" },
  ]);
  expect(cycle.spans).toHaveLength(3);
  expect(new Set(cycle.spans.map((span) => span.traceId))).toEqual(new Set([TRACE_ID]));
  const id = (index: number): string => (index + 1).toString(16).padStart(16, "0");
  const chain = Array.from({ length: 5_000 }, (_, index) => ({
    span: id(index),
    parent: index === 0 ? null : id(index - 1),
  }));
  const { spans } = await ingest(chain.reverse());
  expect(spans).toHaveLength(5_000);
  expect(Math.max(...spans.map((span) => span.dottedOrder?.length ?? 0))).toBeLessThan(10_000);
});

test("takes the project from the span, the header, the resource, in this order", async () => {
  const resource = { "openinference.project.name": "resource" };
  const project = async (attributes: Record<string, Json>, header?: string): Promise<unknown> => {
    const { spans } = await ingestOtlp(request([{ attributes }], resource), "application/json", { project: header });
    return spans[0]?.projectName ?? spans[0]?.projectId;
  };
  expect(await project({ "langsmith.trace.session_name": "span" }, "header")).toBe("span");
  expect(await project({ "langsmith.trace.session_id": TRACE_ID }, "header")).toBe(TRACE_ID);
  expect(await project({}, "header")).toBe("header");
  expect(await project({})).toBe("resource");
});

test("tells failures from handled exceptions", async () => {
  const exception = { name: "exception", attributes: { "exception.type": "E", "exception.message": "m" } };
  const error = async (more: Partial<Wire>): Promise<unknown> => (await one({}, more)).error;
  expect(await error({})).toBeUndefined();
  expect(await error({ status: { code: 2 } })).toBe("error");
  expect(await error({ status: { code: 2, message: "why" } })).toBe("why");
  expect(await error({ events: [exception] })).toBe("E: m");
  expect(await error({ events: [exception], status: { code: 1 } })).toBeUndefined();
  const of = (type: string, message: string, stack: string): Partial<Wire> => ({
    events: [
      {
        name: "exception",
        attributes: { "exception.type": type, "exception.message": message, "exception.stacktrace": stack },
      },
    ],
  });
  // LangSmith's Python client wraps the run's own error.
  expect(await error(of("Exception", "ValueError('no')", "Exception: ValueError('no')\n"))).toBe("ValueError('no')");
  expect(await error(of("KeyError", "'k'", "Traceback\n  x\nKeyError: 'k'\n"))).toBe("Traceback\n  x\nKeyError: 'k'");
  expect(await error(of("java.E", "m", "at A\nat B"))).toBe("java.E: m\n\nat A\nat B");
});

test("never takes keys for paths, and bounds indices", async () => {
  const run = await one({
    "__proto__.polluted": "x",
    "constructor.prototype.polluted": "x",
    __proto__x: "y",
    "gen_ai.prompt.999999999.content": "far",
    "gen_ai.prompt.4000.content": "near",
    "llm.input_messages.__proto__.message.content": "x",
    metadata: '{"__proto__":{"polluted":true}}',
  });
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(run.inputs).toEqual({ messages: [{ role: "user", content: "near" }] });
  expect(run.metadata).toMatchObject({ "__proto__.polluted": "x", "constructor.prototype.polluted": "x" });
  expect(Object.hasOwn(run.metadata!, "__proto__")).toBe(true);
  expect(Object.getPrototypeOf(run.metadata)).toBe(Object.prototype);
});

test("keeps what no convention knows, and large or foreign values beside the metadata", async () => {
  const run = await one({
    "shop.order": 7,
    "shop.page": "x".repeat(5000),
    "input.value": "a",
    "llm.input_messages.0.message.content": "b",
  });
  expect(run.metadata).toMatchObject({ "shop.order": 7 });
  expect(run.extra["otel"]).toMatchObject({ attributes: { "shop.page": "x".repeat(5000), "input.value": "a" } });
});

test("a bad span costs only itself, and the answer counts it", async () => {
  const batch = await ingest([
    { trace: "0".repeat(32) },
    { span: "xyz" },
    { start: "0" },
    { name: "good", span: "00000000000000a1" },
  ]);
  expect(batch.spans.map((span) => span.name)).toEqual(["x", "good"]);
  expect(batch.rejected.map(({ item, field }) => [item, field])).toEqual([
    ["span[0]", "trace_id"],
    ["span[1]", "span_id"],
  ]);
  const answer = otlpAnswer("application/json", batch);
  expect(JSON.parse(String(answer.body))).toEqual({
    partialSuccess: { rejectedSpans: "2", errorMessage: expect.stringContaining("trace_id") as string },
  });
  const bytes = [...otlpAnswer(PROTOBUF, batch).body];
  expect(bytes.slice(0, 1)).toEqual([0x0a]);
  expect(bytes.slice(2, 4)).toEqual([0x08, 2]);
  expect(otlpAnswer(PROTOBUF, { ...batch, rejected: [] }).body.byteLength).toBe(0);
});

test("refuses what is no OTLP, and says what to do", async () => {
  const cases: [Uint8Array, string][] = [
    [Buffer.from([0x0a, 0xff]), PROTOBUF],
    [Buffer.from("hello"), PROTOBUF],
    [Buffer.from("hello"), "application/json"],
    [Buffer.from("[]"), "application/json"],
    [Buffer.from('{"resourceSpans":{}}'), "application/json"],
    [Buffer.from("{}"), "text/plain"],
    [Buffer.from(`{"resourceSpans":${"[".repeat(1000)}${"]".repeat(1000)}}`), "application/json"],
  ];
  for (const [body, type] of cases) {
    const error: unknown = await ingestOtlp(body, type).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(LoopsmithError.isInstance(error) && error.code, `${type} ${String(body)}`).toBe("invalid");
    expect(LoopsmithError.isInstance(error) && error.hint).not.toBe("");
  }
  expect((await ingestOtlp(new Uint8Array(), PROTOBUF)).spans).toEqual([]);
});
