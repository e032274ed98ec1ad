import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { isUuid } from "../model/id.ts";
import type { SpanWrite } from "../model/span-write.ts";
import { ingestBatch, ingestMultipart, ingestRun, type IngestBatch, type IngestOptions } from "./ingest.ts";
import { CONTENT_TYPE, multipartBody, type FixturePart } from "./multipart.fixture.ts";

const TRACE = "018f0000-0000-7000-8000-000000000001";
const CHILD = "018f0000-0000-7000-8000-000000000002";
const ROOT_ORDER = `20261123T162013105001Z${TRACE}`;
const CHILD_ORDER = `${ROOT_ORDER}.20261123T162013205002Z${CHILD}`;

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const json = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

function root(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: TRACE, trace_id: TRACE, dotted_order: ROOT_ORDER, name: "rag", run_type: "chain", ...fields };
}

function multipart(parts: readonly FixturePart[], options?: IngestOptions): Promise<IngestBatch> {
  return ingestMultipart(multipartBody(parts), CONTENT_TYPE, options);
}

async function posted(fields: unknown, options?: IngestOptions): Promise<SpanWrite> {
  const { spans, rejected } = await ingestRun("post", json(fields), options);
  expect(rejected).toEqual([]);
  return spans[0]!;
}

async function refused(fields: unknown, op: "post" | "patch" = "post"): Promise<[string, string]> {
  const { spans, rejected } = await ingestRun(op, json(fields));
  expect(spans).toEqual([]);
  expect(rejected).toHaveLength(1);
  return [rejected[0]!.field, rejected[0]!.message];
}

test("reads a root and a child as the JavaScript client sends them", async () => {
  const { spans, rejected } = await multipart([
    {
      name: `post.${TRACE}`,
      body: JSON.stringify(
        root({
          session_name: "p",
          start_time: "2026-11-23T16:20:13.105001Z",
          end_time: 1_795_450_813_138,
          child_runs: [],
          tags: ["a"],
        }),
      ),
    },
    { name: `post.${TRACE}.inputs`, body: '{"question":"why?"}' },
    { name: `post.${TRACE}.outputs`, body: '{"answer":"because"}' },
    { name: `post.${TRACE}.extra`, body: '{"metadata":{"thread_id":"t1","ls_model_name":"gpt-4o"},"runtime":{}}' },
    {
      name: `patch.${CHILD}`,
      body: JSON.stringify({ id: CHILD, dotted_order: CHILD_ORDER, trace_id: TRACE, end_time: "2026-11-23T16:20:14Z" }),
    },
    { name: `patch.${CHILD}.error`, body: '"Error: boom\\n  at x"' },
  ]);
  expect(rejected).toEqual([]);
  const [first, second] = spans;
  expect(first).toMatchObject({
    op: "post",
    id: TRACE,
    traceId: TRACE,
    parentId: null,
    dottedOrder: ROOT_ORDER,
    projectName: "p",
    name: "rag",
    kind: "chain",
    endAt: 1_795_450_813_138,
    tags: ["a"],
    metadata: { thread_id: "t1", ls_model_name: "gpt-4o" },
    threadId: "t1",
    model: "gpt-4o",
  });
  expect(first?.startAt).toBeCloseTo(1_795_450_813_105.001, 6);
  expect(text(first?.inputs)).toBe('{"question":"why?"}');
  expect(text(first?.extra)).toContain("runtime");
  expect(second).toEqual({
    op: "patch",
    id: CHILD,
    traceId: TRACE,
    parentId: TRACE,
    dottedOrder: CHILD_ORDER,
    startAt: expect.closeTo(1_795_450_813_205.002, 6) as number,
    endAt: Date.parse("2026-11-23T16:20:14Z"),
    error: "Error: boom\n  at x",
  });
});

test("takes parts in any order, and the same run twice", async () => {
  const parts: FixturePart[] = [
    { name: `post.${TRACE}.outputs`, body: '{"a":1}' },
    { name: `post.${TRACE}`, body: JSON.stringify(root()) },
    { name: `post.${TRACE}`, body: JSON.stringify(root({ name: "again" })) },
    { name: `post.${TRACE}.outputs`, body: '{"a":2}' },
  ];
  const { spans } = await multipart(parts);
  expect(spans.map((span) => [span.name, text(span.outputs)])).toEqual([
    ["rag", '{"a":1}'],
    ["again", '{"a":2}'],
  ]);
});

test("tells what was not sent from what was sent as null", async () => {
  const write = await posted(root({ end_time: null, error: null, outputs: null, parent_run_id: null, tags: null }));
  expect(write).toMatchObject({ endAt: null, error: null, parentId: null });
  expect(write).not.toHaveProperty("outputs");
  expect(write).not.toHaveProperty("tags");
  const { spans } = await ingestRun("patch", json({}), { id: TRACE });
  expect(spans).toEqual([{ op: "patch", id: TRACE }]);
});

test("derives trace, parent and start from the dotted order", async () => {
  const write = await posted({ id: CHILD, name: "x", run_type: "tool", dotted_order: CHILD_ORDER });
  expect(write).toMatchObject({ traceId: TRACE, parentId: TRACE });
  expect(write.startAt).toBeCloseTo(1_795_450_813_205.002, 6);
});

test("keeps payload bytes exactly as they came, in every route", async () => {
  const inputs =
    '{ "n": 1e400, "z": -0, "big": 12345678901234567890, "s": "\\ud800 \\u0000", "a": 1, "a": 2, "__proto__": {"x":1} }';
  const run = JSON.stringify(root()).slice(0, -1);
  const single = await ingestRun("post", json(`${run},"inputs":${inputs}}`));
  const batch = await ingestBatch(json(`{"post":[${run},"inputs":${inputs}}],"patch":[]}`));
  const parts = await multipart([
    { name: `post.${TRACE}`, body: JSON.stringify(root()) },
    { name: `post.${TRACE}.inputs`, body: inputs },
  ]);
  for (const result of [single, batch, parts]) {
    expect(result.rejected).toEqual([]);
    expect(text(result.spans[0]?.inputs)).toBe(inputs);
  }
});

test("cleans extracted text, never payloads", async () => {
  const write = await posted(`${JSON.stringify(root()).slice(0, -1)},
    "name":"a\\u0000b\\ud800c\\ud83d\\ude00","error":"\\u0000","tags":["\\udfff"],
    "extra":{"metadata":{"k\\u0000":["\\ud800"],"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}}`);
  expect(write.name).toBe("a\ufffdb\ufffdc\ud83d\ude00");
  expect(write.error).toBe("\ufffd");
  expect(write.tags).toEqual(["\ufffd"]);
  expect(write.metadata?.["k\ufffd"]).toEqual(["\ufffd"]);
  expect(Object.keys(write.metadata ?? {})).toEqual(["k\ufffd", "__proto__", "constructor"]);
  expect(Object.getPrototypeOf(write.metadata)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(text(write.extra)).toContain('"\\ud800"');
});

test("wraps inputs and outputs that are no objects, as clients do", async () => {
  const write = await posted(root({ inputs: ["a"], outputs: "done" }));
  expect([text(write.inputs), text(write.outputs)]).toEqual(['{"input":["a"]}', '{"output":"done"}']);
});

test("names the field that is wrong", async () => {
  const expectations: [Record<string, unknown>, string, RegExp][] = [
    [{ id: "7" }, "id", /"7" is not a UUID/],
    [{ name: undefined }, "name", /missing/],
    [{ name: 7 }, "name", /string/],
    [{ run_type: undefined }, "run_type", /missing/],
    [{ run_type: "agent" }, "run_type", /"agent" is none of tool, chain/],
    [{ trace_id: "x" }, "trace_id", /UUID/],
    [{ trace_id: CHILD }, "trace_id", /not the first id of the dotted order/],
    [{ dotted_order: "x" }, "dotted_order", /not a dotted order/],
    [{ dotted_order: CHILD_ORDER }, "dotted_order", /ends with/],
    [{ parent_run_id: TRACE }, "parent_run_id", /own parent/],
    [{ start_time: "soon" }, "start_time", /"soon" is not a time/],
    [{ end_time: {} }, "end_time", /not a time/],
    [{ dotted_order: undefined }, "start_time", /missing/],
    [{ tags: "a" }, "tags", /list/],
    [{ tags: [1] }, "tags", /1 is not a string/],
    [{ events: {} }, "events", /list/],
    [{ extra: [] }, "extra", /object/],
    [{ reference_example_id: "x" }, "reference_example_id", /UUID/],
    [{ session_id: "x" }, "session_id", /UUID/],
  ];
  for (const [fields, field, message] of expectations) {
    const [wrong, why] = await refused(root(fields));
    expect(wrong, JSON.stringify(fields)).toBe(field);
    expect(why).toMatch(message);
  }
});

test("finds the id of a run that carries none in its dotted order, or gives a posted one an id", async () => {
  expect((await posted(root({ id: undefined }))).id).toBe(TRACE);
  const bare = { name: "x", run_type: "tool", start_time: 1_795_450_813_000 };
  const [first, second] = [await posted(bare), await posted(bare)];
  expect(isUuid(first.id) && first.id !== second.id).toBe(true);
  expect(await refused({}, "patch")).toEqual(["id", "id: is missing"]);
  expect((await ingestBatch(json({ post: [bare] }))).rejected).toMatchObject([{ item: "post[0]", field: "id" }]);
});

test("takes the time of arrival where a posted run tells none", async () => {
  const write = await posted({ id: TRACE, name: "x", run_type: "tool" }, { receivedAt: 1_795_450_813_000 });
  expect(write.startAt).toBe(1_795_450_813_000);
  const patch = await ingestRun("patch", json({ id: TRACE }), { receivedAt: 1_795_450_813_000 });
  expect(patch.spans[0]).not.toHaveProperty("startAt");
});

test("one bad item never loses the others", async () => {
  const other = randomUUID();
  const { spans, attachments, feedback, rejected } = await multipart([
    { name: `post.${TRACE}`, body: JSON.stringify(root()) },
    { name: `post.${TRACE}.inputs`, body: "{broken" },
    { name: `attachment.${TRACE}.file`, body: "lost with its run", type: "text/plain" },
    {
      name: `post.${other}`,
      body: JSON.stringify(root({ id: other, trace_id: other, dotted_order: `20261123T162013105001Z${other}` })),
    },
    { name: `attachment.${other}.image`, body: Buffer.from([1, 2]), type: "image/png" },
    { name: `attachment.nobody.image`, body: "" },
    { name: "post.7", body: "{}" },
    { name: `patch.${CHILD}.outputs`, body: "{}" },
    { name: "something.else", body: "x" },
    { name: `post.${other}.child_runs`, body: "[]" },
    { name: `feedback.${CHILD}`, body: JSON.stringify({ run_id: TRACE, key: "k", score: true }) },
    { name: `feedback.${other}`, body: JSON.stringify({ run_id: TRACE }) },
  ]);
  expect(spans.map((span) => span.id)).toEqual([other]);
  expect(attachments).toMatchObject([{ spanId: other, name: "image", mimeType: "image/png" }]);
  expect(feedback).toMatchObject([{ id: CHILD, runId: TRACE, key: "k", score: 1 }]);
  expect(rejected.map(({ item, field }) => [item, field])).toEqual([
    ["attachment.nobody.image", "id"],
    ["something.else", "name"],
    [`post.${other}.child_runs`, "child_runs"],
    [`feedback.${other}`, "key"],
    [`post.${TRACE}`, "inputs"],
    ["post.7", "id"],
    [`patch.${CHILD}`, `patch.${CHILD}`],
  ]);
});

test("reads a batch: posts, patches, and items that are no runs", async () => {
  const body = { post: [root(), 7, null], patch: [{ id: TRACE, outputs: { a: 1 }, end_time: 1_795_450_814 }, {}] };
  const { spans, rejected } = await ingestBatch(json(body));
  expect(spans.map((span) => [span.op, span.endAt])).toEqual([
    ["post", undefined],
    ["patch", 1_795_450_814_000],
  ]);
  expect(rejected.map(({ item }) => item)).toEqual(["post[1]", "post[2]", "patch[1]"]);
  for (const broken of ["", "[]", "7", '{"post":{}}', "{"]) {
    await expect(ingestBatch(json(broken))).rejects.toMatchObject({ code: "invalid" });
  }
  expect(await ingestBatch(json("{}"))).toEqual({ spans: [], attachments: [], feedback: [], rejected: [] });
});

test("counts tokens and cost wherever clients put them", async () => {
  const usage = async (fields: Record<string, unknown>): Promise<unknown> =>
    (await posted(root({ run_type: "llm", ...fields }))).usage;
  const counted = { promptTokens: 3, completionTokens: 4, totalTokens: 7 };
  const metadata = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  expect(await usage({ outputs: { usage_metadata: { ...metadata, input_cost: 0.25, output_cost: 0.5 } } })).toEqual({
    ...counted,
    cost: 0.75,
  });
  expect(await usage({ extra: { metadata: { usage_metadata: { ...metadata, total_cost: 2 } } } })).toEqual({
    ...counted,
    cost: 2,
  });
  expect(await usage({ outputs: { llm_output: { token_usage: { prompt_tokens: 3, completion_tokens: 4 } } } })).toEqual(
    counted,
  );
  expect(await usage({ outputs: { usage: { prompt_tokens: 3, completion_tokens: 4 } } })).toEqual(counted);
  const message = { kwargs: { usage_metadata: metadata } };
  expect(await usage({ outputs: { generations: [[{ text: "", message }], [{ message }]] } })).toEqual({
    promptTokens: 6,
    completionTokens: 8,
    totalTokens: 14,
  });
  expect(await usage({ outputs: { generations: [{ message }] } })).toEqual(counted);
  expect(await usage({ prompt_tokens: 3, completion_tokens: 4 })).toEqual(counted);
  expect(await usage({ run_type: "tool", outputs: { usage_metadata: { total_cost: 0.5 } } })).toEqual({ cost: 0.5 });
  // A chain returns what the model below it has already counted.
  expect(await usage({ run_type: "chain", outputs: { usage_metadata: metadata } })).toBeUndefined();
  expect(await usage({ outputs: { answer: "usage_metadata" } })).toBeUndefined();
  expect(await usage({ outputs: { usage_metadata: { input_tokens: "x", output_tokens: -1 } } })).toBeUndefined();
});

test("finds the model and the time of the first token", async () => {
  const events = [
    { name: "start", time: 1 },
    { name: "new_token", time: "2026-11-23T16:20:13.5Z" },
    { name: "new_token", time: 9 },
  ];
  const write = await posted(root({ events, extra: { invocation_params: { model: "claude" } } }));
  expect(write.model).toBe("claude");
  expect(write.firstTokenAt).toBe(Date.parse("2026-11-23T16:20:13.5Z"));
});

test("reads feedback as both clients send it", async () => {
  const body = {
    id: CHILD,
    run_id: TRACE.toUpperCase(),
    trace_id: TRACE,
    session_id: null,
    key: "faithfulness",
    score: 0.25,
    value: { label: "no" },
    comment: null,
    correction: { answer: "42" },
    feedback_source: { type: "model", metadata: { __run: { run_id: TRACE } } },
    error: true,
    created_at: "2026-11-23T16:20:13Z",
  };
  const { feedback } = await multipart([{ name: `feedback.${CHILD}`, body: JSON.stringify(body) }]);
  expect(feedback).toEqual([
    {
      id: CHILD,
      runId: TRACE,
      traceId: TRACE,
      projectId: null,
      key: "faithfulness",
      score: 0.25,
      value: { label: "no" },
      comment: null,
      correction: { answer: "42" },
      source: { type: "model", metadata: { __run: { run_id: TRACE } } },
      extra: { error: true },
      groupId: null,
      comparativeExperimentId: null,
      createdAt: Date.parse("2026-11-23T16:20:13Z"),
    },
  ]);
});

test("refuses what is nested too deep or too large to be metadata, and says what to do", async () => {
  const deep = `${JSON.stringify(root()).slice(0, -1)},"inputs":${"[".repeat(300)}${"]".repeat(300)}}`;
  expect(await refused(deep)).toEqual([expect.stringMatching(/body/), expect.stringMatching(/deeper than 256/)]);
  const inParts = await multipart([
    { name: `post.${TRACE}`, body: JSON.stringify(root()) },
    { name: `post.${TRACE}.inputs`, body: '{"a":'.repeat(1_000_000) },
  ]);
  expect(inParts.rejected).toMatchObject([{ item: `post.${TRACE}`, field: "inputs", code: "invalid" }]);
  const large = await ingestRun("post", json(root({ extra: { metadata: { text: "x".repeat(5_000_000) } } })));
  expect(large.rejected).toMatchObject([
    { field: "extra.metadata", code: "too_large", hint: expect.stringMatching(/attachments/) as string },
  ]);
});

test("rests while it reads a large body", async () => {
  let rests = 0;
  const pause = (): Promise<void> => {
    rests += 1;
    return Promise.resolve();
  };
  const inputs = JSON.stringify({ text: 'many "quotes"\n'.repeat(100_000) });
  const parts = Array.from({ length: 6 }, () => randomUUID()).flatMap((id): FixturePart[] => [
    {
      name: `post.${id}`,
      body: JSON.stringify(root({ id, trace_id: id, dotted_order: `20261123T162013105001Z${id}` })),
    },
    { name: `post.${id}.inputs`, body: inputs },
  ]);
  const { spans } = await multipart(parts, { pause });
  expect(spans).toHaveLength(6);
  expect(rests).toBeGreaterThanOrEqual(3);
});
