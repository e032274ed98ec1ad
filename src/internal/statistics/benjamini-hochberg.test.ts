import { describe, expect, it } from "vitest";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";

const P = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216];

describe("benjaminiHochberg", () => {
  it("agrees with scipy's false_discovery_control", () => {
    const q = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.1057142857142857, 0.216, 0.216, 0.216];
    benjaminiHochberg(P).forEach((value, index) => expect(value).toBeCloseTo(q[index] ?? Number.NaN, 12));
  });

  it("pays for hypotheses that are not listed", () => {
    const q = [0.1, 0.4, 0.84, 0.84, 0.84, 1, 1, 1, 1, 1];
    benjaminiHochberg(P, 100).forEach((value, index) => expect(value).toBeCloseTo(q[index] ?? Number.NaN, 12));
  });

  it("keeps the order it was given", () => {
    expect([...benjaminiHochberg([0.5, 0.001])]).toEqual([0.5, 0.002]);
  });
});
