import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isJsonObject } from "../../src/model/json.ts";
import { ingestBatch, ingestMultipart, ingestRun, type IngestBatch } from "../../src/wire/ingest.ts";
import { CONTENT_TYPE, multipartBody, type FixturePart } from "../../src/wire/multipart.fixture.ts";
import { readMultipart } from "../../src/wire/multipart.ts";
import { fuzz } from "./fuzz-target.ts";

const TRACE = "018f0000-0000-7000-8000-000000000001";
const CHILD = "018f0000-0000-7000-8000-000000000002";
const ORDER = `20261123T162013105001Z${TRACE}`;

const ROOT = {
  id: TRACE,
  trace_id: TRACE,
  dotted_order: ORDER,
  name: "rag",
  run_type: "llm",
  start_time: "2026-11-23T16:20:13.105001Z",
  end_time: 1_795_450_813_138,
  session_name: "p",
  tags: ["a"],
};
const PAYLOADS = {
  inputs: { question: 'why "so"?', list: [1, -0.5e3, null, true] },
  outputs: { answer: "\u00e4\ud83d\ude00", usage_metadata: { input_tokens: 1, output_tokens: 2 } },
  events: [{ name: "new_token", time: "2026-11-23T16:20:13Z" }],
  extra: { metadata: { thread_id: "t", __proto__x: 1 }, invocation_params: { model: "m" } },
  error: "Error: boom",
  serialized: { name: "x" },
};
const CHILD_RUN = { ...ROOT, id: CHILD, parent_run_id: TRACE, dotted_order: `${ORDER}.20261123T162014000000Z${CHILD}` };

function parts(op: string, run: { id: string }, length: FixturePart["length"] = "parameter"): FixturePart[] {
  return [
    { name: `${op}.${run.id}`, body: JSON.stringify(run), length },
    ...Object.entries(PAYLOADS).map(([name, value]) => ({
      name: `${op}.${run.id}.${name}`,
      body: JSON.stringify(value),
      length,
    })),
  ];
}

const MULTIPART = [
  multipartBody([...parts("post", ROOT), ...parts("patch", CHILD_RUN, "header")]),
  multipartBody([
    ...parts("post", CHILD_RUN, "none"),
    { name: `attachment.${CHILD}.image`, body: Buffer.from([0, 255, 13, 10, 45, 45]), type: "image/png" },
    {
      name: `feedback.${CHILD}`,
      body: JSON.stringify({ run_id: TRACE, key: "k", score: 0.5, value: { a: 1 }, comment: "c" }),
    },
  ]),
];
const BATCHES = [
  Buffer.from(JSON.stringify({ post: [{ ...ROOT, ...PAYLOADS }], patch: [{ ...CHILD_RUN, ...PAYLOADS }] })),
  Buffer.from(
    '{"post":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}],"__proto__":{"post":[]}}',
  ),
];

/** What is accepted can be stored: ids are ids, payloads are JSON, text is clean, times can be written. */
function checkBatch({ spans, attachments, feedback, rejected }: IngestBatch): void {
  for (const span of spans) {
    expect(span.id).toMatch(/^[0-9a-f-]{36}$/);
    for (const bytes of [span.inputs, span.outputs])
      if (bytes) expect(isJsonObject(JSON.parse(String(Buffer.from(bytes))))).toBe(true);
    for (const bytes of [span.events, span.extra, span.serialized]) if (bytes) JSON.parse(String(Buffer.from(bytes)));
    for (const text of [span.name, span.error, span.projectName, span.model, ...(span.tags ?? [])]) {
      if (typeof text === "string") expect(text).not.toMatch(/\0|\p{Surrogate}/u);
    }
    for (const at of [span.startAt, span.endAt]) if (typeof at === "number") new Date(at).toISOString();
    JSON.stringify(span.metadata);
  }
  for (const { spanId, name } of attachments) expect([spanId.length, name === ""]).toEqual([36, false]);
  for (const { key } of feedback) expect(key.length).toBeLessThanOrEqual(180);
  for (const { message, hint } of rejected) expect([message === "", hint === ""]).toEqual([false, false]);
}

test("reads broken multipart bodies, or refuses them with a hint", () =>
  fuzz(MULTIPART, (body) => readMultipart(body, CONTENT_TYPE)));

test("takes only sound runs out of broken multipart bodies", () =>
  fuzz(MULTIPART, async (body) => checkBatch(await ingestMultipart(body, CONTENT_TYPE))));

test("takes only sound runs out of broken batches", () =>
  fuzz(BATCHES, async (body) => checkBatch(await ingestBatch(body))));

test("takes a broken single run as a sound one, or refuses it with a hint", () =>
  fuzz([Buffer.from(JSON.stringify({ ...ROOT, ...PAYLOADS }))], async (body) => {
    checkBatch(await ingestRun("post", body));
    checkBatch(await ingestRun("patch", body, { id: TRACE }));
  }));

test("takes any JSON for runs as sound ones, or refuses it with a hint", async () => {
  const field = fc.constantFrom(...Object.keys(ROOT), ...Object.keys(PAYLOADS), "__proto__", "constructor");
  const run = fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }));
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 4 }), fc.array(run, { maxLength: 4 }), async (post, patch) => {
      const text = JSON.stringify({ post: post.map((fields) => ({ ...ROOT, ...fields })), patch });
      const batch = await ingestBatch(Buffer.from(text));
      checkBatch(batch);
      expect(batch.spans.length + batch.rejected.length).toBe(post.length + patch.length);
    }),
    { numRuns: 300 },
  );
});
