import { describe, expect, it } from "vitest";
import { secretNamed } from "./secret-named.ts";
import { validateAction } from "./validate-action.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

describe("validateAction", () => {
  it.each([
    { action: "add_to_annotation_queue", queueName: "q", metadata: { spanIds: ["a"], nested: { missing: undefined } } },
    { action: "add_to_annotation_queue", queueName: "q", spanId: undefined },
    { action: "webhook", url: "https://hooks.example/x?y=1", secret: SECRET, headers: { "x-team": "rag" } },
    { action: "webhook", url: "http://10.0.0.1:8080/", secret: [SECRET, "OLD_SECRET"], type: "rag.failure" },
    { action: "add_to_dataset", datasetName: "d", inputs: {}, outputs: {}, split: "test" },
    { action: "create_feedback", key: "k", score: null },
    { action: "create_feedback", key: "k", score: true, value: { label: "bad" }, comment: "" },
    { action: "tag", tag: "needs-review" },
    { action: "custom", name: "page", data: { a: [1, null, "x"] } },
    { action: "notify", destination: "team", title: "t", text: "x", url: "https://x.example" },
  ])("accepts %j", (action) => {
    expect(validateAction(action)).toBe(action);
  });

  it.each<[message: RegExp, action: unknown]>([
    [/must be an object, not undefined \(undefined\)/, undefined],
    [/must be an object, not "tag" \(string\)/, "tag"],
    [/must be an object, not \[.*\(array\)/, [{ action: "tag", tag: "x" }]],
    [/no action undefined/, {}],
    [/no action "add_to_queue"/, { action: "add_to_queue" }],
    [/no action "constructor"/, { action: "constructor" }],
    [/`queueName` of "add_to_annotation_queue" is missing/, { action: "add_to_annotation_queue" }],
    [/`queueName` .* must be a non-empty string/, { action: "add_to_annotation_queue", queueName: " " }],
    [/must be a non-empty string, not 5 \(number\)/, { action: "add_to_annotation_queue", queueName: 5 }],
    [/at most 255 characters, not 256/, { action: "add_to_annotation_queue", queueName: "q".repeat(256) }],
    [/has no field `meta`/, { action: "add_to_annotation_queue", queueName: "q", meta: {} }],
    [
      /`metadata` .* must be an object, not \[.*\(array\)/,
      { action: "add_to_annotation_queue", queueName: "q", metadata: [] },
    ],
    [/contains NaN/, { action: "add_to_annotation_queue", queueName: "q", metadata: { a: Number.NaN } }],
    [/contains a bigint/, { action: "add_to_annotation_queue", queueName: "q", metadata: { a: 1n } }],
    [/contains a function/, { action: "add_to_annotation_queue", queueName: "q", metadata: { a: () => 1 } }],
    [
      /deeper than 200 levels, or contains itself/,
      { action: "add_to_annotation_queue", queueName: "q", metadata: cyclic },
    ],
    [/`url` of "webhook" is missing/, { action: "webhook" }],
    [/must be an absolute URL/, { action: "webhook", url: "hooks.example/x" }],
    [/must be an https or http URL, not file:/, { action: "webhook", url: "file:///etc/passwd" }],
    [/must not contain a user name or password/, { action: "webhook", url: "https://user:pass@hooks.example/" }],
    [/must be a non-empty string/, { action: "webhook", url: "https://x.example", secret: "" }],
    [/must not be an empty list/, { action: "webhook", url: "https://x.example", secret: [] }],
    [/24 to 64 bytes in base64/, { action: "webhook", url: "https://x.example", secret: "whsec_short" }],
    [/24 to 64 bytes in base64/, { action: "webhook", url: "https://x.example", secret: "whsec_!!!!" }],
    [/words joined by dots/, { action: "webhook", url: "https://x.example", type: "a..b" }],
    [/must not set webhook-id/, { action: "webhook", url: "https://x.example", headers: { "webhook-id": "1" } }],
    [/must not set Host/, { action: "webhook", url: "https://x.example", headers: { Host: "evil" } }],
    [/no valid header name/, { action: "webhook", url: "https://x.example", headers: { "x a": "1" } }],
    [/one line of text/, { action: "webhook", url: "https://x.example", headers: { "x-a": "1\r\nx-b: 2" } }],
    [/one line of text/, { action: "webhook", url: "https://x.example", headers: { "x-a": { secret: "TOKEN" } } }],
    [/one line of text/, { action: "webhook", url: "https://x.example", headers: { "x-a": { sealed: "id" } } }],
    [/must name the secret/, { action: "webhook", url: "https://x.example", headers: { "x-a": secretNamed("") } }],
    [
      /the limit is 15000: send ids/,
      { action: "webhook", url: "https://x.example", data: { trace: "x".repeat(20_000) } },
    ],
    [/`inputs` .* must be an object, not "x" \(string\)/, { action: "add_to_dataset", datasetName: "d", inputs: "x" }],
    [/must be a finite number/, { action: "create_feedback", key: "k", score: Number.POSITIVE_INFINITY }],
    [/must be a finite number.*not "0.5" \(string\)/, { action: "create_feedback", key: "k", score: "0.5" }],
    [/must be an https or http URL/, { action: "notify", destination: "team", url: "javascript:alert(1)" }],
    [/must be a string/, { action: "notify", destination: "team", text: 5 }],
  ])("says %s", (message, action) => {
    expect(() => validateAction(action)).toThrowError(
      expect.objectContaining({ code: "invalid", message: expect.stringMatching(message) }),
    );
  });
});
