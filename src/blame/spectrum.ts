import { enrichmentZ } from "../internal/statistics/fisher.ts";
import type { Counts } from "../internal/statistics/fisher.ts";
import type { Evidence } from "../model/failure.ts";
import type { Trace } from "../model/trace.ts";
import { executionOrder } from "./execution-order.ts";
import type { Step } from "./execution-order.ts";
import { clip } from "./symptom/span-nature.ts";
import { signaturesOf } from "./signature.ts";

/** How many failing and passing traces of one route were seen, and how many of each held a signature. Plain JSON. */
export interface RouteSpectrum {
  failures: number;
  passes: number;
  /** Signature to [failing, passing] traces that hold it. */
  held: Record<string, [number, number]>;
}

/** Spectra by route. Two halves of a history added up are the spectrum of the whole. */
export type Spectrum = Record<string, RouteSpectrum>;

export interface SpectrumOptions {
  /** Signatures kept by route. Beyond it the rarest are forgotten, so that noise cannot fill the memory. @default 20_000 */
  maxSignatures?: number;
}

/** Traces with the same root name took the same route. */
export function routeOf({ root }: Pick<Trace, "root">): string {
  return root.name;
}

/** The spectrum of a set of decided traces. */
export function countSpectrum(
  traces: Iterable<{ trace: Trace; failed: boolean }>,
  options: SpectrumOptions = {},
): Spectrum {
  const spectrum: Spectrum = {};
  for (const { trace, failed } of traces) addToSpectrum(spectrum, trace, failed, options);
  return spectrum;
}

/** Counts one more decided trace, changing `spectrum` in place. */
export function addToSpectrum(spectrum: Spectrum, trace: Trace, failed: boolean, options: SpectrumOptions = {}): void {
  const { maxSignatures = MAX_SIGNATURES } = options;
  const steps = executionOrder(trace);
  const route = own(spectrum, routeOf(trace)) ?? { failures: 0, passes: 0, held: {} };
  define(spectrum, routeOf(trace), route);
  if (failed) route.failures++;
  else route.passes++;
  const seen = new Set(steps.flatMap((_, i) => (i === 0 ? [] : signaturesOf(steps, i))));
  for (const signature of seen) {
    const [failing, passing] = own(route.held, signature) ?? [0, 0];
    define(route.held, signature, failed ? [failing + 1, passing] : [failing, passing + 1]);
  }
  // Only every so often: pruning walks all signatures.
  if ((route.failures + route.passes) % 256 === 0) prune(route, maxSignatures);
}

/** Adds up spectra, e.g. of hourly buckets; the inputs stay as they are. Above 20,000 signatures a route the rarest go. */
export function mergeSpectra(...spectra: readonly Spectrum[]): Spectrum {
  const merged: Spectrum = {};
  for (const [name, route] of spectra.flatMap((spectrum) => Object.entries(spectrum))) {
    const sum = own(merged, name) ?? { failures: 0, passes: 0, held: {} };
    define(merged, name, sum);
    sum.failures += route.failures;
    sum.passes += route.passes;
    for (const [signature, [failing, passing]] of Object.entries(route.held)) {
      const [f, p] = own(sum.held, signature) ?? [0, 0];
      define(sum.held, signature, [f + failing, p + passing]);
    }
  }
  for (const route of Object.values(merged)) prune(route, MAX_SIGNATURES);
  return merged;
}

/** Ochiai: failing / sqrt(failures * (failing + passing)). From 0 to 1. (Abreu, Zoeteweij & van Gemund, PRDC 2006.) */
export function ochiai({ failing, failures, passing }: Counts): number {
  return failing === 0 ? 0 : failing / Math.sqrt(failures * (failing + passing));
}

/** DStar with exponent 2: failing^2 / (passing + failures - failing). (Wong et al., IEEE Trans. Reliability 2014.) */
export function dstar({ failing, failures, passing }: Counts): number {
  const rest = passing + failures - failing;
  return rest === 0 ? (failing === 0 ? 0 : Infinity) : failing ** 2 / rest;
}

/**
 * For each step the most suspicious of its signatures against the history of the trace's route, or `null`. A signature
 * counts only when failing traces hold it significantly more often than passing ones (enrichment of at least two
 * standard deviations): with several failure modes plain Ochiai prefers whatever is common. The trace itself counts as
 * one more failing trace unless the history holds it already (`counted`).
 */
export function spectrumEvidence(
  steps: readonly Step[],
  route: RouteSpectrum | undefined,
  counted = true,
): (Evidence | null)[] {
  if (!route || route.passes === 0) return steps.map(() => null);
  const extra = counted ? 0 : 1;
  return steps.map((_, i) => {
    let worst: { signature: string; counts: Counts } | null = null;
    for (const signature of i === 0 ? [] : signaturesOf(steps, i)) {
      const held = own(route.held, signature);
      if (!held || held[0] + extra < 2) continue;
      const counts = {
        failing: held[0] + extra,
        failures: route.failures + extra,
        passing: held[1],
        passes: route.passes,
      };
      if (enrichmentZ(counts) < 2) continue;
      if (!worst || (ochiai(counts) - ochiai(worst.counts) || dstar(counts) - dstar(worst.counts)) > 0)
        worst = { signature, counts };
    }
    return worst
      ? { kind: "spectrum", text: sentence(worst.signature, worst.counts), weight: ochiai(worst.counts) }
      : null;
  });
}

// --- internal ---

const MAX_SIGNATURES = 20_000;

function sentence(signature: string, counts: Counts): string {
  const { failing, failures, passing, passes } = counts;
  const figures = `Ochiai ${ochiai(counts).toFixed(2)}, DStar ${dstar(counts).toFixed(1)}`;
  return `"${clip(signature)}" is in ${failing} of ${failures} failing and ${passing} of ${passes} passing traces (${figures})`;
}

/** Drops signatures seen in one trace, then in two, and so on, until the rest fit. */
function prune(route: RouteSpectrum, maxSignatures: number): void {
  let entries = Object.entries(route.held);
  if (entries.length <= maxSignatures) return;
  for (let least = 2; entries.length > maxSignatures; least++) entries = entries.filter(([, [f, p]]) => f + p >= least);
  route.held = {};
  for (const [signature, counts] of entries) define(route.held, signature, counts);
}

/** Names come from traces: `__proto__` must be a key like any other. */
function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function define<T>(record: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}
