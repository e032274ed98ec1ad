import { expect, test } from "vitest";
import type { Json } from "../../model/json.ts";
import { ingestOtlp } from "../ingest-otlp.ts";
import { TRACE_ID, ingest, one, request, type Wire } from "./request.fixture.ts";

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
