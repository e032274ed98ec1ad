import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { CHILD, CHILD_ORDER, ROOT_ORDER, TRACE, json, multipart, refused, root, text } from "./ingest/run.fixture.ts";
import { ingestBatch, ingestRun } from "./ingest.ts";
import type { FixturePart } from "./multipart.fixture.ts";

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

test("takes the attachments of a run that came as one JSON, as each client writes them", async () => {
  const hi = Buffer.from("hi ✓");
  const attachments = {
    python: ["text/plain", hi.toString("base64")],
    "bytes by index": { mimeType: "text/plain", data: Object.fromEntries(new Uint8Array(hi).entries()) },
    buffer: ["text/plain", hi],
    empty: ["text/plain", ""],
    lost: { mimeType: "text/plain", data: {} },
    text: ["text/plain", "no base64!"],
    numbers: ["text/plain", { 0: 256 }],
    untyped: [hi.toString("base64")],
  };
  for (const op of ["post", "patch"] as const) {
    const batch = await ingestRun(op, json({ ...root(), attachments }), { id: TRACE });
    expect(batch.spans).toHaveLength(1);
    expect(batch.attachments.map(({ spanId, name, mimeType }) => [spanId, name, mimeType])).toEqual(
      ["python", "bytes by index", "buffer", "empty"].map((name) => [TRACE, name, "text/plain"]),
    );
    const read = batch.attachments.map(({ bytes }) => Buffer.from(bytes).toString());
    expect(read).toEqual(["hi ✓", "hi ✓", "hi ✓", ""]);
    expect(batch.rejected.map(({ item, field }) => [item, field])).toEqual(
      ["lost", "text", "numbers", "untyped"].map((name) => [`attachment.${TRACE}.${name}`, `attachments.${name}`]),
    );
  }
  for (const [odd, refused] of [
    [null, 0],
    [[], 1],
    [7, 1],
    [{}, 0],
    [Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [index, 7])), 1],
  ] as const) {
    const batch = await ingestRun("post", json({ ...root(), attachments: odd }));
    expect([batch.spans.length, batch.attachments.length, batch.rejected.length]).toEqual([1, 0, refused]);
  }
  const large = Buffer.alloc(9_000_001, "long");
  const one = await ingestRun("post", json({ ...root(), attachments: { large: ["x/y", large.toString("base64")] } }));
  expect(large.equals(one.attachments[0]?.bytes ?? new Uint8Array())).toBe(true);
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

test("finds a run by what fits of very much metadata, and keeps all of it", async () => {
  const metadata = { tier: "free", text: "x".repeat(5_000_000), customer: "c7" };
  const large = await ingestRun("post", json(root({ extra: { metadata, invocation_params: { t: "y".repeat(5e6) } } })));
  expect(large.rejected).toEqual([]);
  expect(large.spans[0]?.metadata).toEqual({ tier: "free", customer: "c7" });
  expect(JSON.parse(Buffer.from(large.spans[0]?.extra ?? []).toString())).toMatchObject({ metadata });
});

test("copies no more than it must to make an object of inputs that are none", async () => {
  const list = Buffer.from(`{"inputs":[${"1,".repeat(11_000_000)}1],${JSON.stringify(root()).slice(1)}`);
  expect((await ingestRun("post", list)).rejected).toMatchObject([{ field: "inputs", code: "too_large" }]);
  const small = await ingestRun("post", json(root({ inputs: [1] as unknown })));
  expect(Buffer.from(small.spans[0]?.inputs ?? []).toString()).toBe('{"input":[1]}');
});

test("refuses more items than a request may have", async () => {
  const tooMany = expect.objectContaining({ code: "too_large", hint: expect.stringMatching(/at most/) as string });
  await expect(ingestBatch(Buffer.from(`{"post":[${"1,".repeat(3_000_000)}1]}`))).rejects.toEqual(tooMany);
  const parts = Array.from({ length: 25_001 }, (_, index) => ({ name: `post.${index}`, body: "{}" }));
  await expect(multipart(parts)).rejects.toEqual(tooMany);
});

test("refuses what is nested too deep, and says what to do", async () => {
  const deep = `${JSON.stringify(root()).slice(0, -1)},"inputs":${"[".repeat(300)}${"]".repeat(300)}}`;
  expect(await refused(deep)).toEqual([expect.stringMatching(/body/), expect.stringMatching(/deeper than 256/)]);
  const inParts = await multipart([
    { name: `post.${TRACE}`, body: JSON.stringify(root()) },
    { name: `post.${TRACE}.inputs`, body: '{"a":'.repeat(1_000_000) },
  ]);
  expect(inParts.rejected).toMatchObject([{ item: `post.${TRACE}`, field: "inputs", code: "invalid" }]);
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
