import { matchesPattern, type FeatureRow, type Pattern, type PatternReport, type Predicate } from "../model/pattern.ts";
import type { CodebookOptions } from "../pattern/codebook.ts";
import { mineInWorker } from "../pattern/mine-in-worker.ts";
import { minePatterns, type MineOptions } from "../pattern/mine-patterns.ts";
import { traceQuery, type TraceQuery } from "../pattern/trace-query.ts";
import type { Store } from "../store/store.ts";
import { learnablePages } from "./learn/hourly-buckets.ts";
import { readLoopCodebook } from "./learn/loop-codebook.ts";
import { createPatternWindow, THREAD_FROM_ROWS } from "./learn/pattern-window.ts";
import { resolveWindow, type WindowOption } from "./window.ts";

export interface PatternsOptions extends Omit<MineOptions, "window"> {
  /** By start time of the traces. @default "24h" */
  window?: WindowOption;
  /** Only runs that meet all of these; what such runs have in common by definition is no pattern of theirs. @default all */
  where?: readonly Predicate[];
  /** Stops a long search; rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** A pattern, and how to list its traces in LangSmith. */
export interface LoopPattern extends Pattern {
  query: TraceQuery;
}

export interface LoopPatternReport extends PatternReport {
  patterns: LoopPattern[];
}

const CODEBOOK_OPTIONS = [
  "maxCuts",
  "maxValues",
  "minRows",
  "passMarks",
  "exclude",
  "sampleRows",
] as const satisfies readonly (keyof CodebookOptions)[];

/**
 * What the failures of a window have in common: from the hourly buckets, and from the verdicts themselves where a condition or
 * a codebook of one's own is asked for, or nothing was learned yet. Large windows are mined in a thread of their own.
 */
export async function loopPatterns(
  store: Store,
  loopId: string,
  options: PatternsOptions = {},
): Promise<LoopPatternReport> {
  const report = await mineLoop(store, loopId, options);
  return {
    ...report,
    patterns: report.patterns.map((pattern) => ({ ...pattern, query: traceQuery(pattern.predicates) })),
  };
}

async function mineLoop(store: Store, loopId: string, options: PatternsOptions): Promise<PatternReport> {
  const { window = "24h", where = [], signal, ...mining } = options;
  const range = resolveWindow(window, store.now());
  const ownWords = CODEBOOK_OPTIONS.some((option) => mining[option] !== undefined);
  const codebook = ownWords || where.length > 0 ? null : await readLoopCodebook(store, loopId);
  if (codebook) {
    return createPatternWindow(store, loopId).mine(codebook, range, { settings: mining, ...(signal && { signal }) });
  }
  const rows: FeatureRow[] = [];
  for await (const page of learnablePages(store, loopId, range)) {
    rows.push(...page.filter(({ features }) => matchesPattern(features, where)));
  }
  const job = { ...mining, window: range };
  if (rows.length < THREAD_FROM_ROWS) return minePatterns(rows, job);
  return mineInWorker({ kind: "rows", rows, options: job }, signal ? { signal } : {});
}
