import { groupBy } from "../../internal/group-by.ts";
import type { FeatureRow, PatternReport } from "../../model/pattern.ts";
import { rowsOf } from "../../pattern/bit-table.ts";
import { createBitmapWindow } from "../../pattern/bitmap-window.ts";
import type { BitmapWindow } from "../../pattern/bitmap-window.ts";
import { buildBucket, hourOf, mergeBuckets } from "../../pattern/hour-bucket.ts";
import type { HourBucket } from "../../pattern/hour-bucket.ts";
import { mineInWorker } from "../../pattern/mine-in-worker.ts";
import type { SearchSettings } from "../../pattern/mine-patterns.ts";
import type { BucketPart, LearnableVerdict } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";
import { bucketOfParts, hourlyBuckets } from "./hourly-buckets.ts";
import type { LoopCodebook } from "./loop-codebook.ts";
import { mineShared } from "./mine-shared.ts";
import { planStretch } from "./stretch.ts";

/** Runs from which mining would hold up the event loop for too long. */
export const THREAD_FROM_ROWS = 10_000;
const UNLEARNED = 50_000;

export interface PatternWindow {
  /**
   * The patterns of a stretch of time. Whole hours come from their buckets, of which only those that changed since the last
   * call are read; the hours at the edges that are covered in part, and those no bucket was written for, from the verdicts.
   * `learned` leaves out what no bucket knows of yet.
   */
  mine(
    codebook: LoopCodebook,
    stretch: { from: number; to: number },
    options?: { learned?: boolean; settings?: SearchSettings; signal?: AbortSignal },
  ): Promise<PatternReport>;
}

export interface PatternWindowOptions {
  /** Runs from which a window is held by several workers together instead of by one. @default 10 million */
  shareFromRows?: number;
  /** Runs in one share. @default 5 million */
  rowsPerShare?: number;
}

/** A loop's buckets as a window that slides over them. */
export function createPatternWindow(
  store: Store,
  loopId: string,
  { shareFromRows = 10_000_000, rowsPerShare = 5_000_000 }: PatternWindowOptions = {},
): PatternWindow {
  let current: { id: string; window: BitmapWindow; versions: Map<number, string> } | null = null;

  return {
    async mine(codebook, { from, to }, { learned = false, settings = {}, signal } = {}) {
      if (current?.id !== codebook.stored.id) {
        current = { id: codebook.stored.id, window: createBitmapWindow(codebook.codebook), versions: new Map() };
      }
      const { window, versions } = current;
      const put = (bucket: HourBucket, version: string): void => {
        if (versions.get(bucket.hour) === version) return;
        window.set(bucket);
        // What has no version is read anew the next time.
        if (version === "") versions.delete(bucket.hour);
        else versions.set(bucket.hour, version);
      };
      const { stored, gaps } = await planStretch(store, loopId, codebook, { from, to });
      const count = [...stored.values()].flat().reduce((sum, part) => sum + part.rows, 0);
      if (store.capabilities.concurrentClaims && count >= shareFromRows) {
        const shares = Math.ceil(count / rowsPerShare);
        const options = { shares, settings, ...(signal && { signal }) };
        return mineShared(store, loopId, codebook, { from, to }, options);
      }
      const pending = learned ? new Map<number, LearnableVerdict[]>() : await unlearnedByHour(from, to);
      const hours = new Set(stored.keys());

      for (const gap of gaps) {
        for (const bucket of await hourlyBuckets(store, loopId, codebook.codebook, { ...gap, learned })) {
          hours.add(bucket.hour);
          put(bucket, "");
        }
      }
      for (const [hour, some] of stored) {
        const late = pending.get(hour);
        const version = late ? "" : versionOf(some);
        if (version !== "" && versions.get(hour) === version) continue;
        const bucket = bucketOfParts(await store.bucketRead({ loopId, hour }));
        put(late ? withUnlearned(bucket, late) : bucket, version);
      }
      for (const hour of window.hours) {
        if (hours.has(hour)) continue;
        window.remove(hour);
        versions.delete(hour);
      }
      const { table } = window;
      const options = { window: { from, to }, ...settings };
      const rows = rowsOf(table.failing) + rowsOf(table.passing);
      if (rows < THREAD_FROM_ROWS) return window.mine(options);
      return mineInWorker({ kind: "table", table, codebook: codebook.codebook, options }, signal ? { signal } : {});

      function withUnlearned(bucket: HourBucket, late: readonly LearnableVerdict[]): HourBucket {
        const rows = late.filter(({ latest, outcome }) => latest && (outcome === "pass" || outcome === "fail"));
        const without = new Set(late.map(({ row }) => row.traceId));
        const fresh: FeatureRow[] = rows.map(({ row }) => row);
        return mergeBuckets([mergeBuckets([bucket], without), buildBucket(codebook.codebook, bucket.hour, fresh)]);
      }
    },
  };

  async function unlearnedByHour(from: number, to: number): Promise<Map<number, LearnableVerdict[]>> {
    const verdicts = await store.verdictUnlearned({ loopId, from, to, limit: UNLEARNED });
    return groupBy(verdicts, ({ row }) => hourOf(row.at));
  }
}

function versionOf(parts: readonly BucketPart[]): string {
  return parts.map(({ part }) => part).join();
}
