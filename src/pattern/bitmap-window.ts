import { LoopsmithError } from "../model/errors.ts";
import type { PatternReport } from "../model/pattern.ts";
import type { BitTable } from "./bit-table.ts";
import type { Codebook } from "./codebook.ts";
import { codebookId, HOUR_MS } from "./hour-bucket.ts";
import type { HourBucket } from "./hour-bucket.ts";
import { createKernel } from "./kernel/create-kernel.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { withDefaults } from "./mine-patterns.ts";
import type { SearchSettings } from "./mine-patterns.ts";
import { CountCache } from "./mine/count-cache.ts";
import { answerAll } from "./mine/count-request.ts";
import { report } from "./mine/report.ts";

/** A set of hours that is mined as one and slides cheaply. */
export interface BitmapWindow {
  /** Adds an hour, or replaces it when it changed (a late verdict). */
  set: (bucket: HourBucket) => void;
  /** Takes an hour out; nothing happens when it is not there. */
  remove: (hour: number) => void;
  /** Hours in the window, ascending. */
  readonly hours: readonly number[];
  /** All bitmaps, oldest hour first. A window is the concatenation of its hours, so nothing is copied. */
  readonly table: BitTable;
  /** The patterns of the window. After the first time only what changed is counted. */
  mine: (settings?: SearchSettings) => PatternReport;
}

/**
 * An empty window over buckets of one codebook.
 *
 * @throws LoopsmithError `conflict` from `set` for a bucket of another codebook: rebuild the hour from its verdicts.
 */
export function createBitmapWindow(codebook: Codebook, kernel: Kernel = createKernel()): BitmapWindow {
  const id = codebookId(codebook);
  const buckets = new Map<number, HourBucket>();
  const cache = new CountCache(kernel);
  const inOrder = (): HourBucket[] => [...buckets.values()].sort((a, b) => a.hour - b.hour);
  const remove = (hour: number): void => {
    const bucket = buckets.get(hour);
    if (bucket === undefined) return;
    buckets.delete(hour);
    cache.apply(bucket.table, -1);
  };
  const table = (): BitTable => ({
    items: codebook.items.length,
    failing: inOrder().flatMap((bucket) => bucket.table.failing),
    passing: inOrder().flatMap((bucket) => bucket.table.passing),
  });
  return {
    set: (bucket) => {
      if (bucket.codebook !== id) {
        throw new LoopsmithError("conflict", `the bucket of hour ${bucket.hour} is written in another codebook`, {
          hint: "Rebuild the hour from its verdicts with the window's codebook.",
        });
      }
      remove(bucket.hour);
      buckets.set(bucket.hour, bucket);
      cache.apply(bucket.table, 1);
    },
    remove,
    get hours() {
      return inOrder().map((bucket) => bucket.hour);
    },
    get table() {
      return table();
    },
    mine: (settings = {}) => {
      const hours = [...buckets.keys()];
      const window = { from: Math.min(...hours), to: Math.max(...hours) + HOUR_MS };
      const options = withDefaults({ ...(hours.length > 0 && { window }), ...settings });
      return answerAll(report(codebook, options), cache.startRun(table()));
    },
  };
}
