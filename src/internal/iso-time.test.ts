import { expect, it } from "vitest";
import { toIsoTime } from "./iso-time.ts";

it.each([
  [0, "1970-01-01T00:00:00.000000Z"],
  [1_700_000_000_000.123, "2023-11-14T22:13:20.000123Z"],
  [-1.5, "1969-12-31T23:59:59.998500Z"],
])("writes %d with microseconds in UTC", (ms, text) => {
  expect(toIsoTime(ms)).toBe(text);
});
