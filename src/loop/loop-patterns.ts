import type { FeatureRow, PatternReport } from "../model/pattern.ts";
import { minePatterns, type MineOptions } from "../pattern/mine-patterns.ts";
import type { Store } from "../store/store.ts";
import { resolveWindow, type WindowOption } from "./window.ts";

export interface PatternsOptions extends Omit<MineOptions, "window"> {
  /** By start time of the traces. @default "24h" */
  window?: WindowOption;
}

const PAGE = 5_000;

/** What the failures of a window have in common, from the verdicts in the ledger. */
export async function loopPatterns(
  store: Store,
  loopId: string,
  options: PatternsOptions = {},
): Promise<PatternReport> {
  const { window = "24h", ...mining } = options;
  const range = resolveWindow(window, store.now());
  return minePatterns(await featureRows(store, loopId, range), { ...mining, window: range });
}

/** The window's decided traces; those without a thresholded score say nothing either way and stay out. */
export async function featureRows(
  store: Store,
  loopId: string,
  range: { from: number; to: number },
): Promise<FeatureRow[]> {
  const rows: FeatureRow[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await store.verdictList({ loopId, ...range, outcomes: ["pass", "fail"], limit: PAGE, offset });
    for (const verdict of page) {
      rows.push({
        traceId: verdict.traceId,
        at: verdict.traceStartAt,
        failed: verdict.outcome === "fail",
        features: verdict.features,
        ...(verdict.cluster === null ? {} : { cluster: verdict.cluster }),
      });
    }
    if (page.length < PAGE) return rows;
  }
}
