import { LoopsmithError } from "../model/errors.ts";
import type { JudgeError } from "../model/judge-error.ts";
import type { FeatureRow, PatternReport } from "../model/pattern.ts";
import { buildTable } from "./bit-table.ts";
import type { BitTable } from "./bit-table.ts";
import { buildCodebook } from "./codebook.ts";
import type { Codebook, CodebookOptions } from "./codebook.ts";
import { createKernel } from "./kernel/create-kernel.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { answerRequest } from "./mine/answer-request.ts";
import type { Meter } from "./mine/count-groups.ts";
import { answerAll } from "./mine/count-request.ts";
import { report } from "./mine/report.ts";
import type { ReportOptions } from "./mine/report.ts";

/** How to search. Every field has a default. */
export interface SearchSettings {
  /** Epoch ms, half-open. @default from the first row to just after the last, or zeros where rows are not known */
  window?: { from: number; to: number };
  /** False discovery rate the shown set is held to. @default 0.05 */
  alpha?: number;
  /** Least share of failures a pattern must match, at least 3 of them. @default 0.02 */
  minSupport?: number;
  /** Most conditions in a pattern. @default 3 */
  maxDepth?: 1 | 2 | 3;
  /** Patterns to show at most. @default 20 */
  limit?: number;
  /** Exemplar traces per pattern. @default 5 */
  exemplars?: number;
  /** Items conjunctions are built from, at most 2,048. More items mean finer cuts and cubic work. @default 640 */
  maxItems?: number;
  /** Conjunctions of three that are counted. Those whose pairs interact least are left out beyond it. @default 1 million */
  maxCandidates?: number;
  /**
   * A categorical feature (`metadata.route`, `llm:answer.model`): runs are only compared with runs of the same value, so that a
   * difference between its values does not pass for a pattern. It is not mined itself.
   */
  stratifyBy?: string;
  /** How reliable the judge is, where it was calibrated: adds `judgeCorrected` risk ratios. */
  judge?: JudgeError;
}

export interface MineOptions extends SearchSettings, CodebookOptions {}

/**
 * Finds what failing runs have in common that passing runs have not: every conjunction of up to three conditions is a
 * hypothesis, tested against all of them together. Rows that name a `cluster` are counted for what a cluster is worth.
 *
 * @throws LoopsmithError `invalid` for options out of range.
 */
export function minePatterns(rows: readonly FeatureRow[], options: MineOptions = {}): PatternReport {
  const codebook = buildCodebook(rows, options);
  return mineTable(buildTable(codebook, rows), codebook, { window: windowOf(rows), ...options });
}

/** The same from bitmaps that are already there. `kernel` and `meter` are for measuring. */
export function mineTable(
  table: BitTable,
  codebook: Codebook,
  options: SearchSettings = {},
  { kernel = createKernel(), meter }: { kernel?: Kernel; meter?: Meter } = {},
): PatternReport {
  return answerAll(report(codebook, withDefaults(options)), (request) => answerRequest(kernel, table, request, meter));
}

export function withDefaults(options: SearchSettings): ReportOptions {
  const { alpha = 0.05, minSupport = 0.02, maxDepth = 3, maxItems = 640, maxCandidates = 1_000_000 } = options;
  const wrong = !(alpha > 0 && alpha < 1)
    ? `alpha ${alpha} is not between 0 and 1`
    : !(minSupport >= 0 && minSupport <= 1)
      ? `minSupport ${minSupport} is not between 0 and 1`
      : ![1, 2, 3].includes(maxDepth)
        ? `maxDepth ${maxDepth} is not 1, 2 or 3`
        : !(maxItems >= 1 && maxItems <= 2048)
          ? `maxItems ${maxItems} is not between 1 and 2048`
          : null;
  if (wrong !== null)
    throw new LoopsmithError("invalid", wrong, { hint: "Correct the option, or leave it out for its default." });
  const { window = { from: 0, to: 0 }, limit = 20, exemplars = 5, judge, stratifyBy } = options;
  return {
    alpha,
    minSupport,
    maxDepth,
    maxItems,
    maxCandidates,
    window,
    limit,
    exemplars,
    ...(judge && { judge }),
    ...(stratifyBy !== undefined && { stratifyBy }),
  };
}

function windowOf(rows: readonly FeatureRow[]): { from: number; to: number } {
  let [from, to] = [Infinity, -Infinity];
  for (const { at } of rows) [from, to] = [Math.min(from, at), Math.max(to, at)];
  return rows.length === 0 ? { from: 0, to: 0 } : { from, to: to + 1 };
}
