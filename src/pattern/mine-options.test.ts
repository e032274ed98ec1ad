import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import type { JudgeError } from "../model/judge-error.ts";
import type { FeatureRow } from "../model/pattern.ts";
import { buildTable } from "./bit-table.ts";
import { buildCodebook } from "./codebook.ts";
import { correctRisk } from "./correct-risk.ts";
import { minePatterns, mineTable } from "./mine-patterns.ts";

function rowsOf(
  count: number,
  seed: number,
  draw: (random: () => number) => Omit<FeatureRow, "traceId" | "at">,
): FeatureRow[] {
  const random = randomSource(seed);
  return Array.from({ length: count }, (_, at) => ({ traceId: `t${at}`, at, ...draw(random) }));
}

const shownBy = (rows: readonly FeatureRow[], options = {}): string[] =>
  minePatterns(rows, options).patterns.map(({ predicates }) => predicates.map(({ feature }) => feature).join(" and "));

describe("stratifyBy", () => {
  /** Route b fails more and uses another model more; within a route the model makes no difference, `slow` does. */
  const rows = rowsOf(4000, 1, (random) => {
    const b = random() < 0.5;
    const slow = random() < 0.3;
    const features = { "metadata.route": b ? "b" : "a", model: random() < (b ? 0.8 : 0.2) ? "m-2" : "m-1", slow };
    return { failed: random() < (b ? 0.4 : 0.05) * (slow ? 2 : 1), features };
  });

  it("keeps a difference between the strata from passing for a pattern", () => {
    expect(shownBy(rows)).toContain("metadata.route");
    expect(
      shownBy(
        rows.map(({ features: { model, slow }, ...row }) => ({
          ...row,
          features: { model: model ?? null, slow: slow ?? null },
        })),
      ),
    ).toContain("model");
    expect(shownBy(rows, { stratifyBy: "metadata.route" })).toEqual(["slow"]);
  });

  it("compares within strata: the Mantel-Haenszel ratio is the one that was simulated", () => {
    const [pattern] = minePatterns(rows, { stratifyBy: "metadata.route" }).patterns;
    expect(pattern?.riskRatioInterval[0]).toBeLessThan(2);
    expect(pattern?.riskRatioInterval[1]).toBeGreaterThan(2);
  });

  it("says when there is no such feature", () => {
    expect(() => minePatterns(rows, { stratifyBy: "metadata.rout" })).toThrow(
      /no feature metadata.rout to stratify by/,
    );
  });
});

describe("judge", () => {
  /** Truly 40% of old and 10% of other runs fail; the judge misses 20% of failures and fails 5% of good runs. */
  const rows = rowsOf(20_000, 2, (random) => {
    const old = random() < 0.3;
    const truly = random() < (old ? 0.4 : 0.1);
    return { failed: truly ? random() < 0.8 : random() < 0.05, features: { old } };
  });
  const judgeOf = (labels: number): JudgeError => {
    return { failing: { agreed: 0.8 * labels, of: labels }, passing: { agreed: 0.95 * labels, of: labels } };
  };
  const judge = judgeOf(1e9);
  const ratioWith = (options: { judge?: JudgeError }) => minePatterns(rows, options).patterns[0];

  it("takes the judge's errors out of the risk ratio, which they pull towards 1", () => {
    const pattern = ratioWith({ judge });
    expect(pattern?.riskRatio).toBeLessThan(3.2);
    const [low = 0, high = 0] = pattern?.judgeCorrected?.riskRatioInterval ?? [];
    expect([low < 4, high > 4]).toEqual([true, true]);
    expect(low).toBeGreaterThan(3.3);
    expect(ratioWith({})?.judgeCorrected).toBeUndefined();
  });

  it("is less sure where few labels tell how good the judge is", () => {
    const width = (interval: readonly number[] = []): number => (interval[1] ?? 0) - (interval[0] ?? 0);
    const few = ratioWith({ judge: judgeOf(40) });
    expect(width(few?.judgeCorrected?.riskRatioInterval)).toBeGreaterThan(
      1.5 * width(ratioWith({ judge })?.judgeCorrected?.riskRatioInterval),
    );
  });

  it("refuses a judge that says nothing", () => {
    const counts = { failing: 5, failures: 10, passing: 5, passes: 90 };
    const coin = { failing: { agreed: 40, of: 100 }, passing: { agreed: 60, of: 100 } };
    expect(() => correctRisk(counts, coin)).toThrow(/no better than chance/);
    expect(() => correctRisk(counts, { ...coin, failing: { agreed: 0, of: 0 } })).toThrow(/0 of 0/);
  });
});

describe("clusters", () => {
  /** Tasks of four trials that fail or pass together; what a task is about says nothing. */
  const rows = Array.from({ length: 40 }, (_, task) => task).flatMap((task) => {
    const random = randomSource(100 + task);
    const fails = random() < 0.4;
    const topic = task < 12 ? (fails || task < 3 ? "x" : "y") : "y";
    return Array.from({ length: 4 }, (_, trial): FeatureRow => {
      return { traceId: `${task}/${trial}`, at: task, failed: fails, features: { topic }, cluster: `task ${task}` };
    });
  });

  it("do not pass for as many observations as they have runs", () => {
    const independent = rows.map(({ cluster: _cluster, ...row }) => row);
    expect(shownBy(independent)).toEqual(["topic"]);
    expect(shownBy(rows)).toEqual([]);
  });
});

describe("limits", () => {
  const rows = rowsOf(3000, 3, (random) => {
    const features = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`n${at}`, random()]));
    return { failed: random() < ((features["n0"] ?? 1) < 0.3 ? 0.6 : 0.1), features };
  });

  it("say what they left out of conjunctions", () => {
    expect(minePatterns(rows, { maxDepth: 2 }).dropped).toEqual([]);
    expect(minePatterns(rows, { maxItems: 60 }).dropped.join()).toMatch(/finer cuts.*\(limit 60 items\)/);
    expect(minePatterns(rows, { maxCandidates: 50 }).dropped.join()).toMatch(/conjunctions of three.*\(limit 50\)/);
  });

  it("do not change a report by how runs are cut into blocks", () => {
    const codebook = buildCodebook(rows);
    const parts = [0, 1, 2].map((part) => buildTable(codebook, rows.slice(1000 * part, 1000 * part + 1000)));
    const table = {
      items: codebook.items.length,
      failing: parts.flatMap(({ failing }) => failing),
      passing: parts.flatMap(({ passing }) => passing),
    };
    const whole = mineTable(buildTable(codebook, rows), codebook);
    const cut = mineTable(table, codebook);
    const withoutExemplars = ({ patterns, ...rest }: typeof whole): unknown => ({
      ...rest,
      patterns: patterns.map(({ exemplars: _exemplars, ...pattern }) => pattern),
    });
    expect(whole.patterns).not.toEqual([]);
    expect(withoutExemplars(cut)).toEqual(withoutExemplars(whole));
  });
});
