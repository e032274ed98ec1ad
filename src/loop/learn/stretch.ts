import { groupBy } from "../../internal/group-by.ts";
import { HOUR_MS, hourOf } from "../../pattern/hour-bucket.ts";
import type { HourBucket } from "../../pattern/hour-bucket.ts";
import type { BucketPart } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";
import { hourlyBuckets, type Stretch } from "./hourly-buckets.ts";
import { areCurrent, type LoopCodebook } from "./loop-codebook.ts";

/** How the runs of a stretch of time are come by. */
export interface StretchPlan {
  /** Whole hours that have their bucket, by hour. */
  stored: Map<number, BucketPart[]>;
  /** The rest: hours covered in part, and those no bucket was written for in this codebook. */
  gaps: { from: number; to: number }[];
  /** Whether the stretch covers all there is of an hour. */
  isWhole: (hour: number) => boolean;
}

export async function planStretch(
  store: Store,
  loopId: string,
  codebook: LoopCodebook,
  { from, to }: { from: number; to: number },
): Promise<StretchPlan> {
  const parts = groupBy(await store.bucketList({ loopId, from: hourOf(from), to }), ({ hour }) => hour);
  // An hour that has not ended is covered as far as there is something to cover.
  const isWhole = (hour: number): boolean => hour >= from && (hour + HOUR_MS <= to || to > store.now());
  const stored = new Map([...parts].filter(([hour, some]) => isWhole(hour) && areCurrent(some, codebook)));
  return { stored, gaps: gapsBetween([...stored.keys()], { from, to }), isWhole };
}

/** The buckets of a stretch in order of time, a part or an hour at a time: as they are stored, or made from the verdicts. */
export async function* readStretch(
  store: Store,
  loopId: string,
  codebook: LoopCodebook,
  stretch: Stretch,
): AsyncGenerator<{ stored: Uint8Array } | { built: HourBucket }, void, undefined> {
  const { stored, gaps } = await planStretch(store, loopId, codebook, stretch);
  const pieces = [...gaps, ...[...stored.keys()].map((hour) => ({ from: hour, to: null }))];
  for (const { from, to } of pieces.sort((a, b) => a.from - b.from)) {
    if (to === null) {
      for (const { bytes } of await store.bucketRead({ loopId, hour: from })) yield { stored: bytes };
    } else {
      const gap = { from, to, learned: stretch.learned ?? false };
      for (const built of await hourlyBuckets(store, loopId, codebook.codebook, gap)) yield { built };
    }
  }
}

/** What of a stretch lies outside these hours, in pieces. */
function gapsBetween(
  hours: readonly number[],
  { from, to }: { from: number; to: number },
): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let at = from;
  for (const hour of [...hours].sort((a, b) => a - b)) {
    if (hour > at) gaps.push({ from: at, to: hour });
    at = hour + HOUR_MS;
  }
  if (at < to) gaps.push({ from: at, to });
  return gaps;
}
