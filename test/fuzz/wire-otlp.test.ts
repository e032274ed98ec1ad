import { expect, test } from "vitest";
import { ingestOtlp } from "../../src/wire/ingest-otlp.ts";
import { EXPORTED_JSON, EXPORTED_PROTOBUF } from "../../src/wire/otlp/exported.fixture.ts";
import { fuzz } from "./fuzz-target.ts";

const FLAT = [
  "gen_ai.prompt.0.role",
  "gen_ai.prompt.999999999.content",
  "gen_ai.completion.0.tool_calls.0.name",
  "llm.input_messages.0.message.contents.0.message_content.text",
  "retrieval.documents.0.document.metadata",
  "__proto__.polluted",
  "constructor.prototype.polluted",
  "langsmith.span.dotted_order",
  "langsmith.attachments",
  "gen_ai.input.messages",
];
const HOSTILE = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "__proto__", value: { stringValue: "x" } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: "0af7651916cd43dd8448eb211c80319c",
              spanId: "b7ad6b7169203331",
              name: "x",
              startTimeUnixNano: "1795450813105001000",
              attributes: FLAT.map((key) => ({
                key,
                value: { stringValue: '[{"role":"user","parts":[{"type":"text"}]}]' },
              })),
              events: [
                {
                  name: "exception",
                  attributes: [{ key: "exception.message", value: { kvlistValue: { values: [] } } }],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
});

async function parse(body: Buffer, type: string): Promise<void> {
  const { spans, rejected } = await ingestOtlp(body, type);
  for (const span of spans) {
    expect(span.id).toMatch(/^[0-9a-f-]{36}$/);
    for (const bytes of [span.inputs, span.outputs, span.events, span.extra])
      if (bytes) JSON.parse(String(Buffer.from(bytes)));
    for (const text of [span.name, span.error ?? "", span.model ?? ""]) expect(text).not.toMatch(/\0|\p{Surrogate}/u);
    new Date(span.startAt ?? 0).toISOString();
    expect(Object.getPrototypeOf(span.metadata)).toBe(Object.prototype);
  }
  for (const { message } of rejected) expect(message).not.toBe("");
}

test("takes only sound spans out of broken OTLP protobuf", () =>
  fuzz([Buffer.from(EXPORTED_PROTOBUF, "base64")], (body) => parse(body, "application/x-protobuf")));

test("takes only sound spans out of broken OTLP JSON", () =>
  fuzz([Buffer.from(EXPORTED_JSON), Buffer.from(HOSTILE)], (body) => parse(body, "application/json")));
