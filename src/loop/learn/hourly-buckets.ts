import { groupBy } from "../../internal/group-by.ts";
import type { FeatureRow } from "../../model/pattern.ts";
import { decodeBucket } from "../../pattern/bucket-bytes.ts";
import type { Codebook } from "../../pattern/codebook.ts";
import { buildBucket, hourOf, mergeBuckets } from "../../pattern/hour-bucket.ts";
import type { HourBucket } from "../../pattern/hour-bucket.ts";
import type { LearnableVerdict } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";

const PAGE = 5_000;

export interface Stretch {
  /** Epoch ms, half-open, by start of the trace. */
  from: number;
  to: number;
  /** Only verdicts that buckets know of. */
  learned?: boolean;
}

/** The decided runs of a stretch, page by page, the oldest first. */
export async function* learnablePages(
  store: Store,
  loopId: string,
  stretch: Stretch,
): AsyncGenerator<FeatureRow[], void, undefined> {
  for (let after: LearnableVerdict | undefined; ;) {
    const page = await store.verdictLearnable({ loopId, ...stretch, ...(after && { after }), limit: PAGE });
    if (page.length > 0) yield page.map(({ row }) => row);
    if (page.length < PAGE) return;
    after = page.at(-1);
  }
}

/** Buckets made from the verdicts themselves, oldest hour first; hours without any have none. */
export async function hourlyBuckets(
  store: Store,
  loopId: string,
  codebook: Codebook,
  stretch: Stretch,
): Promise<HourBucket[]> {
  const parts = new Map<number, HourBucket[]>();
  for await (const rows of learnablePages(store, loopId, stretch)) {
    for (const [hour, some] of groupBy(rows, ({ at }) => hourOf(at))) {
      parts.set(hour, [...(parts.get(hour) ?? []), buildBucket(codebook, hour, some)]);
    }
  }
  return [...parts.values()].map((some) => mergeBuckets(some));
}

/** One bucket of the stored parts of an hour. */
export function bucketOfParts(parts: readonly { bytes: Uint8Array }[]): HourBucket {
  const buckets = parts.map(({ bytes }) => decodeBucket(bytes));
  const [only] = buckets;
  return only && buckets.length === 1 ? only : mergeBuckets(buckets);
}
