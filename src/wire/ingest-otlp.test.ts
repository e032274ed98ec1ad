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

/** One length-delimited field of a protobuf message. */
function field(id: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.byteLength; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) | 0x80);
    if (rest < 128) return Buffer.concat([Buffer.from([(id << 3) | 2, ...length]), body]);
  }
}

/** So many empty messages in field `id`: two bytes each. */
const hollow = (id: number, count: number): Buffer => Buffer.alloc(count * 2, Buffer.from([(id << 3) | 2, 0]));

test("counts what is in a span before it is decoded, at every level and in both encodings", async () => {
  const ids = Buffer.concat([field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2))]);
  const times = Buffer.from("390000000000006019", "hex");
  const span = (content: Buffer): Buffer => field(1, field(2, field(2, Buffer.concat([ids, times, content]))));
  const attribute = (value: Buffer): Buffer => field(9, Buffer.concat([field(1, Buffer.from("a")), field(2, value)]));
  const fieldOf = async (body: Buffer, type = PROTOBUF): Promise<string | undefined> => {
    const { rejected } = await ingestOtlp(body, type);
    expect(rejected[0]?.code).toBe(rejected.length === 0 ? undefined : "too_large");
    return rejected[0]?.field;
  };
  expect(await fieldOf(span(attribute(field(5, hollow(1, 20_000)))))).toBeUndefined();
  expect(await fieldOf(span(attribute(field(5, hollow(1, 100_000)))))).toBe("attributes");
  expect(await fieldOf(span(attribute(field(6, hollow(1, 100_000)))))).toBe("attributes");
  expect(await fieldOf(span(hollow(9, 10_001)))).toBe("attributes");
  expect(await fieldOf(span(hollow(11, 10_001)))).toBe("events");
  const values = Array.from({ length: 100_000 }, () => ({}));
  const attributes = [{ key: "a", value: { arrayValue: { values } } }];
  const json = {
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: TRACE, spanId: "1".repeat(16), attributes }] }] }],
  };
  expect(await fieldOf(Buffer.from(JSON.stringify(json)), "application/json")).toBe("attributes");
});

test("rests in a body of nothing but empty messages, and takes only so many", async () => {
  let rests = 0;
  const pause = (): Promise<void> => {
    rests += 1;
    return Promise.resolve();
  };
  const tooMany = expect.objectContaining({ code: "too_large" }) as Error;
  await expect(ingestOtlp(hollow(1, 1_000_000), PROTOBUF, { pause })).rejects.toThrow(tooMany);
  await expect(ingestOtlp(field(1, hollow(2, 1_000_000)), PROTOBUF, { pause })).rejects.toThrow(tooMany);
  expect(rests).toBeGreaterThan(5);
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
