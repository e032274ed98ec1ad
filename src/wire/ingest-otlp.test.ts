import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { ingestOtlp, otlpAnswer, type OtlpBatch } from "./ingest-otlp.ts";
import { EXPORTED_JSON, EXPORTED_PROTOBUF } from "./otlp/exported.fixture.ts";
import { START, TRACE, TRACE_ID, ingest } from "./otlp/request.fixture.ts";

const PROTOBUF = "application/x-protobuf";

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
