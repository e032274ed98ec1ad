import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FeatureRow } from "../model/pattern.ts";
import { createBitmapWindow } from "./bitmap-window.ts";
import { buildTable } from "./bit-table.ts";
import { decodeBucket, encodeBucket } from "./bucket-bytes.ts";
import { buildCodebook } from "./codebook.ts";
import { addToBucket, buildBucket, HOUR_MS, hourOf, mergeBuckets } from "./hour-bucket.ts";
import { mineTable } from "./mine-patterns.ts";
import { randomSource } from "../internal/random.ts";

const PER_HOUR = 120;

/** A day of runs: low relevance fails, and from noon on so does the combination of model m-2 with long answers. */
const rows = Array.from({ length: 24 * PER_HOUR }, (_, i): FeatureRow => {
  const random = randomSource(i);
  const hour = Math.floor(i / PER_HOUR);
  const relevance = random();
  const model = `m-${1 + Math.floor(random() * 3)}`;
  const chars = Math.floor(random() * 1000);
  const risk = 0.05 + (relevance < 0.25 ? 0.5 : 0) + (hour >= 12 && model === "m-2" && chars >= 600 ? 0.8 : 0);
  const features: Record<string, string | number> = {
    "retrieval.relevance": relevance,
    model,
    output_chars: chars,
    noise: random(),
  };
  if (random() < 0.3) delete features["output_chars"];
  if (random() < 0.2) features["culprit"] = "retrieval";
  if (random() < 0.3) features["reason"] = `reason ${Math.floor(4 * random())}`;
  return {
    traceId: `trace-${(i * 7919) % (24 * PER_HOUR)}`,
    at: hour * HOUR_MS + (i % PER_HOUR) * 1000,
    failed: random() < risk,
    features,
    ...(i % 3 === 0 && { cluster: `session-${i % 40}` }),
  };
});
const codebook = buildCodebook(rows);
const ofHour = (hour: number): FeatureRow[] => rows.filter((row) => hourOf(row.at) === hour * HOUR_MS);
const bucketOf = (hour: number) => buildBucket(codebook, hour * HOUR_MS, ofHour(hour));

describe("hour buckets", () => {
  it("are the same bytes in whatever order and parts the verdicts arrived", () => {
    const expected = encodeBucket(bucketOf(3));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(ofHour(3), { minLength: PER_HOUR }),
        fc.integer({ min: 0, max: PER_HOUR }),
        (shuffled, cut) => {
          const first = buildBucket(codebook, 3 * HOUR_MS, shuffled.slice(0, cut));
          const late = shuffled.slice(cut);
          expect(encodeBucket(addToBucket(codebook, first, late))).toEqual(expected);
          expect(encodeBucket(mergeBuckets([first, buildBucket(codebook, 3 * HOUR_MS, late)]))).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("take a changed verdict in place of the old one", () => {
    const [first, ...rest] = ofHour(3) as [FeatureRow, ...FeatureRow[]];
    const changed = { ...first, failed: !first.failed, features: { ...first.features, model: "m-3" } };
    expect(addToBucket(codebook, bucketOf(3), [changed])).toEqual(
      buildBucket(codebook, 3 * HOUR_MS, [changed, ...rest]),
    );
  });

  it("leave out traces on request", () => {
    const [first, second, ...rest] = ofHour(5) as [FeatureRow, FeatureRow, ...FeatureRow[]];
    expect(mergeBuckets([bucketOf(5)], new Set([first.traceId, second.traceId]))).toEqual(
      buildBucket(codebook, 5 * HOUR_MS, rest),
    );
  });

  it("survive storage, and damage is noticed", () => {
    const bytes = encodeBucket(bucketOf(7));
    expect(decodeBucket(bytes)).toEqual(bucketOf(7));
    expect(encodeBucket(decodeBucket(bytes))).toEqual(bytes);
    for (const broken of [bytes.slice(0, 3), bytes.slice(0, -1), new Uint8Array(100).fill(7)]) {
      expect(() => decodeBucket(broken)).toThrow(/not a pattern bucket/);
    }
  });
});

describe("createBitmapWindow", () => {
  it("mines any window as if its rows had been taken together", () => {
    const window = createBitmapWindow(codebook);
    for (let hour = 0; hour < 24; hour += 1) window.set(bucketOf(hour));
    const together = mineTable(buildTable(codebook, rows), codebook, {
      window: { from: 0, to: 24 * HOUR_MS },
      exemplars: 0,
    });
    expect(together.patterns.length).toBeGreaterThan(0);
    expect(window.mine({ exemplars: 0 })).toEqual(together);
  });

  it("slides to the same report as a fresh window, finding what is new", () => {
    const window = createBitmapWindow(codebook);
    for (let hour = 0; hour < 12; hour += 1) window.set(bucketOf(hour));
    const features = (): string[] =>
      window.mine().patterns.flatMap(({ predicates }) => predicates.map(({ feature }) => feature));
    expect(features()).toEqual(["retrieval.relevance"]);
    for (let hour = 12; hour < 24; hour += 1) {
      window.remove((hour - 12) * HOUR_MS);
      window.set(bucketOf(hour));
      const fresh = createBitmapWindow(codebook);
      for (const hour of window.hours) fresh.set(bucketOf(hour / HOUR_MS));
      expect(window.mine()).toEqual(fresh.mine());
    }
    expect(features()).toEqual(expect.arrayContaining(["model", "output_chars", "retrieval.relevance"]));
  });

  it("takes late verdicts into their own hour", () => {
    const late = createBitmapWindow(codebook);
    const whole = createBitmapWindow(codebook);
    for (let hour = 0; hour < 6; hour += 1) {
      whole.set(bucketOf(hour));
      late.set(buildBucket(codebook, hour * HOUR_MS, ofHour(hour).slice(0, 40)));
    }
    late.mine();
    for (let hour = 0; hour < 6; hour += 1) {
      const known = buildBucket(codebook, hour * HOUR_MS, ofHour(hour).slice(0, 40));
      late.set(addToBucket(codebook, known, ofHour(hour).slice(40)));
    }
    expect(late.mine()).toEqual(whole.mine());
  });

  it("refuses buckets of another codebook, and mines nothing from nothing", () => {
    const window = createBitmapWindow(buildCodebook(rows.slice(0, 100)));
    expect(() => window.set(bucketOf(1))).toThrow(/another codebook/);
    expect(window.mine()).toMatchObject({ failures: 0, patterns: [], window: { from: 0, to: 0 } });
  });
});
