import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toIsoTime } from "../../src/internal/iso-time.ts";
import { printFilter } from "../../src/wire/filter/print.ts";
import { parseExampleFilter, parseFilter } from "../../src/wire/filter.ts";
import { parseDottedOrder } from "../../src/wire/ingest/dotted-order.ts";
import { dottedOrderTime, parseTime } from "../../src/wire/parse-time.ts";
import { fuzz } from "./fuzz-target.ts";

const FILTERS = [
  'and(gt(start_time, "2023-07-15T12:34:56Z"), or(neq(error, null), and(eq(feedback_key, "Correctness"), eq(feedback_score, 0.0))))',
  'and(or(has(tags, "experimental"), has(tags, \'beta\')), gt(latency, "2s"), not(search(inputs, "x")))',
  'and(in(metadata_key, ["session_id","thread_id"]), neq(metadata_value, "a\\"b"), like(name, "%x%"), lt(total_tokens, 1e3))',
  'has("metadata", \'{"foo": {"__proto__": [1, null]}}\')',
  'exists(metadata, "constructor")',
].map((filter) => Buffer.from(filter));

test("says again what it understood of any filter, or refuses it with a hint", () =>
  fuzz(FILTERS, (body) => {
    const text = body.toString();
    const expression = parseFilter(text);
    // What was understood can be said again, and means the same.
    expect(parseFilter(printFilter(expression))).toEqual(expression);
    parseExampleFilter('gt(created_at, "2026-01-01")');
  }));

const ORDER = "20261123T162013105001Z018f0000-0000-7000-8000-000000000001";

test("reads any dotted order, or refuses it with a hint", () =>
  fuzz([Buffer.from(ORDER), Buffer.from(`${ORDER}.${ORDER}`)], (body) => {
    const order = parseDottedOrder(body.toString());
    expect(order.traceId).toMatch(/^[0-9a-f-]{36}$/);
    dottedOrderTime(order.text);
  }));

test("reads any time as one that can be written, or as none", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.double(), fc.anything(), fc.stringMatching(/^[0-9TZ:.+-]{4,30}$/)),
      (value) => {
        const at = parseTime(value);
        if (at !== null) toIsoTime(at);
      },
    ),
    { numRuns: 3000 },
  );
});

test("text of any length costs time in proportion to it", () => {
  // Backtracking would take years on these.
  const long = 200_000;
  for (const text of [
    "1".repeat(long),
    `${ORDER}.`.repeat(3000),
    "2026-01-01T00:00:00." + "0".repeat(long),
    "-".repeat(long),
  ]) {
    parseTime(text);
    dottedOrderTime(text);
    expect(() => parseFilter(text)).toThrow();
    if (!text.startsWith("2026112")) expect(() => parseDottedOrder(text)).toThrow();
  }
});
