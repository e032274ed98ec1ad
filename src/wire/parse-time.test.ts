import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toIsoTime } from "../internal/iso-time.ts";
import { dottedOrderTime, parseTime } from "./parse-time.ts";

test.each([
  ["2026-11-23T16:20:13.105001Z", 1_795_450_813_105.001],
  ["2026-11-23T16:20:13.105001", 1_795_450_813_105.001],
  ["2026-11-23T16:20:13.105001+00:00", 1_795_450_813_105.001],
  ["2026-11-23T17:50:13.105001+01:30", 1_795_450_813_105.001],
  ["2026-11-23T11:20:13.105001-0500", 1_795_450_813_105.001],
  ["2026-11-23 16:20:13.105001", 1_795_450_813_105.001],
  ["2026-11-23T16:20:13Z", 1_795_450_813_000],
  ["2026-11-23T16:20:13.1Z", 1_795_450_813_100],
  ["2026-11-23T16:20:13.105001999Z", 1_795_450_813_105.001],
  ["2026-11-23", 1_795_392_000_000],
  [1_795_450_813_138, 1_795_450_813_138],
  [1_795_450_813_138.25, 1_795_450_813_138.25],
  [1_795_450_813, 1_795_450_813_000],
  [1_795_450_813.138, 1_795_450_813_138],
  [1_795_450_813_138_001, 1_795_450_813_138.001],
  [1_795_450_813_138_001_000, 1_795_450_813_138.001],
  [0, 0],
])("reads %j", (value, expected) => {
  expect(parseTime(value)).toBeCloseTo(expected, 6);
});

test.each([
  "",
  "now",
  "2026",
  "2026-13-01",
  "2026-02-30",
  "2026-11-23T25:00:00Z",
  "2026-11-23T16:61:00Z",
  "Mon Nov 23 2026",
  "9999-12-31T23:59:60Z",
  "1960-01-01T00:00:00Z",
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e300,
  null,
  undefined,
  {},
  [],
  true,
])("is not fooled by %j", (value) => {
  expect(parseTime(value)).toBeNull();
});

test("gives back every microsecond of what it writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_000 }), fc.integer({ min: 0, max: 999 }), (ms, micros) => {
      const at = ms + micros / 1000;
      expect(parseTime(toIsoTime(at))).toBeCloseTo(at, 2);
    }),
  );
});

test("reads the start out of a dotted order", () => {
  const id = "6f0c3f54-7a2b-4f0e-9a53-9a1f64b7a2d1";
  expect(dottedOrderTime(`20261123T162013105001Z${id}`)).toBeCloseTo(1_795_450_813_105.001, 6);
  expect(dottedOrderTime(`20200101T000000000000Z${id}.20261123T162013105001Z${id}`)).toBeCloseTo(
    1_795_450_813_105.001,
    6,
  );
  for (const text of ["", id, "20261323T162013105001Z", "x"]) expect(dottedOrderTime(text)).toBeNull();
});
