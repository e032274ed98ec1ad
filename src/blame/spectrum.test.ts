import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { executionOrder } from "./execution-order.ts";
import type { Spectrum } from "./spectrum.ts";
import { addToSpectrum, countSpectrum, dstar, mergeSpectra, ochiai, routeOf, spectrumEvidence } from "./spectrum.ts";
import { sketchTrace, text } from "./trace.fixture.ts";

const passing = () =>
  sketchTrace([{ id: "root" }, { id: "search", outputs: text("three results") }, { id: "answer", kind: "llm" }]);
const failing = () =>
  sketchTrace([
    { id: "root" },
    { id: "search", outputs: text("cache miss for key 17") },
    { id: "answer", kind: "llm" },
  ]);
const decided = (fail: number, pass: number) => [
  ...Array.from({ length: fail }, () => ({ trace: failing(), failed: true })),
  ...Array.from({ length: pass }, () => ({ trace: passing(), failed: false })),
];

describe("spectrum formulas", () => {
  it("agree with hand calculation", () => {
    const counts = { failing: 8, failures: 10, passing: 2, passes: 90 };
    expect(ochiai(counts)).toBeCloseTo(8 / Math.sqrt(10 * 10), 12);
    expect(dstar(counts)).toBeCloseTo(64 / (2 + 2), 12);
    expect(ochiai({ failing: 0, failures: 10, passing: 5, passes: 90 })).toBe(0);
    expect(dstar({ failing: 3, failures: 3, passing: 0, passes: 5 })).toBe(Infinity);
  });
});

describe("spectrumEvidence", () => {
  it("names what failing traces have and passing ones lack, with counts a person can check", () => {
    const spectrum = countSpectrum(decided(6, 30));
    const trace = failing();
    const [root, search, answer] = spectrumEvidence(executionOrder(trace), spectrum[routeOf(trace)]);
    expect(root).toBeNull();
    expect(answer).toBeNull();
    expect(search!.weight).toBeCloseTo(1, 12);
    expect(search!.text).toBe(
      '"tool search returned cache miss for key <v>" is in 6 of 6 failing and 0 of 30 passing traces (Ochiai 1.00, DStar Infinity)',
    );
  });

  it("does not blame what is merely common", () => {
    const spectrum = countSpectrum(decided(6, 30));
    const trace = passing();
    expect(spectrumEvidence(executionOrder(trace), spectrum[routeOf(trace)])).toEqual([null, null, null]);
  });

  it("counts a trace that the history does not hold yet, and never judges from it alone", () => {
    const trace = failing();
    const once = countSpectrum(decided(1, 30))[routeOf(trace)];
    const none = countSpectrum(decided(0, 30))[routeOf(trace)];
    expect(spectrumEvidence(executionOrder(trace), once, false)[1]!.text).toContain("in 2 of 2 failing");
    expect(spectrumEvidence(executionOrder(trace), none, false)[1]).toBeNull();
  });

  it("says nothing without passing traces of the route", () => {
    const trace = failing();
    expect(spectrumEvidence(executionOrder(trace), countSpectrum(decided(9, 0))[routeOf(trace)])).toEqual([
      null,
      null,
      null,
    ]);
    expect(spectrumEvidence(executionOrder(trace), undefined)).toEqual([null, null, null]);
  });
});

describe("a spectrum as counts", () => {
  it("merges like the history it counts, however it is cut", () => {
    const outcomes = fc.array(fc.record({ failed: fc.boolean(), odd: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(outcomes, fc.nat(20), (history, cut) => {
        const traces = history.map(({ failed, odd }) => ({ trace: odd ? failing() : passing(), failed }));
        const whole = countSpectrum(traces);
        expect(mergeSpectra(countSpectrum(traces.slice(0, cut)), countSpectrum(traces.slice(cut)))).toEqual(whole);
        expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it("treats names from traces as data", () => {
    const trace = sketchTrace([
      { id: "root", name: "__proto__" },
      { id: "constructor", kind: "tool", name: "__proto__" },
    ]);
    const spectrum = countSpectrum([{ trace, failed: true }]);
    expect(Object.keys(spectrum)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["failures"]).toBeUndefined();
  });

  it("forgets what it saw once when it would grow without bound", () => {
    const spectrum: Spectrum = {};
    for (let i = 0; i < 512; i++) {
      const odd = "abcdefghij"[i % 10]!.repeat(1 + Math.floor(i / 10));
      addToSpectrum(spectrum, sketchTrace([{ id: "root" }, { id: "call", outputs: text(odd) }]), false, {
        maxSignatures: 50,
      });
    }
    const { held } = Object.values(spectrum)[0]!;
    expect(Object.keys(held).length).toBeLessThan(50);
    expect(held["tool call ended with success"]).toEqual([0, 512]);
  });
});
