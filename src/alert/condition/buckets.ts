import type { BucketMemory } from "../../model/alert.ts";

type Buckets = BucketMemory["buckets"];

/** Adds to the bucket of `now` and forgets what no window of `keepMs` reaches any more. */
export function addToBuckets(
  buckets: Buckets,
  now: number,
  { part, whole }: { part: number; whole: number },
  { bucketMs, keepMs }: { bucketMs: number; keepMs: number },
): Buckets {
  // What is reported at a bucket's edge happened before it.
  const at = Math.floor((now - 1) / bucketMs) * bucketMs;
  const kept = buckets.filter((bucket) => bucket.at + bucketMs > now - keepMs && bucket.at < at);
  const same = buckets.find((bucket) => bucket.at === at);
  if (same === undefined && part === 0 && whole === 0) return kept;
  return [...kept, { at, part: part + (same?.part ?? 0), whole: whole + (same?.whole ?? 0) }];
}

/** Sums of the last `windowMs`; the oldest bucket counts by the share of it that the window covers. */
export function sumBuckets(
  buckets: Buckets,
  now: number,
  windowMs: number,
  bucketMs: number,
): { part: number; whole: number } {
  const from = now - windowMs;
  let part = 0;
  let whole = 0;
  for (const bucket of buckets) {
    const covered = Math.min(1, Math.max(0, (bucket.at + bucketMs - from) / bucketMs));
    part += covered * bucket.part;
    whole += covered * bucket.whole;
  }
  return { part, whole };
}
