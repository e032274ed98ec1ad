import type { FeatureRow, Pattern, PatternReport } from "../model/pattern.ts";
import { benjaminiHochberg } from "../internal/statistics/benjamini-hochberg.ts";
import { fisherGreater } from "../internal/statistics/fisher.ts";
import { riskRatio } from "../internal/statistics/risk-ratio.ts";
import { buildCodebook, encodeRow } from "./codebook.ts";
import type { CodebookOptions } from "./codebook.ts";
import { patternId } from "./pattern-id.ts";
import { patternSentence } from "./sentence.ts";

export interface MineOptions extends CodebookOptions {
  /** Epoch ms, half-open; default: from the first row to just after the last. */
  window?: { from: number; to: number };
  /** False discovery rate the shown set is held to; default 0.05. */
  alpha?: number;
  /** Least share of failures a pattern must match; default 0.02, and never fewer than 3 failures. */
  minSupport?: number;
  /** Patterns to show at most; default 20. */
  limit?: number;
  /** Exemplar traces per pattern; default 5. */
  exemplars?: number;
}

/** Finds what failing runs have in common that passing runs have not. */
export function minePatterns(rows: readonly FeatureRow[], options: MineOptions = {}): PatternReport {
  const { alpha = 0.05, minSupport = 0.02, limit = 20, exemplars = 5 } = options;
  const codebook = buildCodebook(rows, options);
  const held = rows.map((row) => encodeRow(codebook, row.features));
  const failing = new Float64Array(codebook.items.length);
  const passing = new Float64Array(codebook.items.length);
  rows.forEach((row, index) => {
    const counts = row.failed ? failing : passing;
    for (const item of held[index] ?? []) counts[item] = (counts[item] ?? 0) + 1;
  });
  const failures = rows.filter((row) => row.failed).length;
  const passes = rows.length - failures;
  const least = Math.max(3, minSupport * failures);
  const counted = codebook.items.map((predicate, item) => {
    const counts = { failing: failing[item] ?? 0, failures, passing: passing[item] ?? 0, passes };
    return { item, predicate, counts, p: counts.failing < least ? 1 : fisherGreater(counts) };
  });
  const q = benjaminiHochberg(counted.map((candidate) => candidate.p));
  const ranked = counted
    .map((candidate, index) => ({ ...candidate, q: q[index] ?? 1, risk: riskRatio(candidate.counts) }))
    .filter((candidate) => candidate.q <= alpha && candidate.risk.low > 1)
    .sort((a, b) => (b.risk.low - 1) * b.counts.failing - (a.risk.low - 1) * a.counts.failing)
    .slice(0, limit);
  const explained = new Set<number>();
  const patterns = ranked.map(({ item, predicate, counts, p, q, risk }): Pattern => {
    const matching = rows.flatMap((row, index) => (row.failed && held[index]?.includes(item) ? [index] : []));
    for (const index of matching) explained.add(index);
    const numbers = {
      predicates: [predicate],
      share: counts.failing / failures,
      passingShare: passes === 0 ? 0 : counts.passing / passes,
      riskRatio: risk.ratio,
      q,
    };
    return {
      id: patternId([predicate]),
      ...numbers,
      ...counts,
      sentence: patternSentence(numbers),
      riskRatioInterval: [risk.low, risk.high],
      p,
      exemplars: matching.slice(0, exemplars).map((index) => rows[index]?.traceId ?? ""),
    };
  });
  return {
    window: options.window ?? windowOf(rows),
    failures,
    passes,
    patterns,
    hypotheses: counted.length,
    explained: failures === 0 ? 0 : explained.size / failures,
    dropped: [...codebook.dropped],
  };
}

function windowOf(rows: readonly FeatureRow[]): { from: number; to: number } {
  if (rows.length === 0) return { from: 0, to: 0 };
  const [from, to] = rows.reduce(
    ([low, high], { at }) => [Math.min(low, at), Math.max(high, at)],
    [Infinity, -Infinity],
  );
  return { from, to: to + 1 };
}
