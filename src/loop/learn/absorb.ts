import { encodeBucket } from "../../pattern/bucket-bytes.ts";
import { buildBucket, HOUR_MS, hourOf, mergeBuckets } from "../../pattern/hour-bucket.ts";
import type { HourBucket } from "../../pattern/hour-bucket.ts";
import { rowsOf } from "../../pattern/bit-table.ts";
import type { BucketChanges, BucketWrite, LearnableVerdict } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";
import { bucketOfParts, hourlyBuckets } from "./hourly-buckets.ts";
import { areCurrent, isOutgrown, makeLoopCodebook, readLoopCodebook, type LoopCodebook } from "./loop-codebook.ts";

/** Verdicts taken in by one transaction. */
const CHUNK = 5_000;
/** Parts an hour may have before they become one. */
const MAX_PARTS = 8;

/**
 * What takes the oldest verdicts that no bucket knows of into the buckets of their own hours, however late they are; `null`
 * when there are none. Nothing is written: the changes become true with the round that counts them. A verdict that replaces
 * an earlier one of its trace takes that one out, also where the trace moved to another hour.
 *
 * @param since runs learned with the present codebook
 */
export async function absorb(store: Store, loopId: string, since: number): Promise<BucketChanges | null> {
  const learned = await store.verdictUnlearned({ loopId, limit: CHUNK });
  if (learned.length === 0) return null;
  const rows = learned.map(({ row }) => row);
  const known = await readLoopCodebook(store, loopId);
  const isFine = known !== null && !isOutgrown(known, { since: since + rows.length, rows, now: store.now() });
  const made = isFine ? null : await makeLoopCodebook(store, loopId);
  const codebook = made ?? (known as LoopCodebook);

  const revised = learned.filter(({ revision }) => revision > 1).map(({ row }) => row.traceId);
  const earlier = await store.verdictEarlierStarts({ loopId, traceIds: revised });
  const changed = new Set(
    [...earlier, ...learned.filter(({ revision }) => revision > 1).map(({ row }) => row.at)].map(hourOf),
  );
  const hours = [...new Set([...changed, ...rows.map(({ at }) => hourOf(at))])].sort((a, b) => a - b);
  const writes: BucketWrite[] = [];
  for (const hour of hours) {
    const write = await absorbHour({ store, loopId, codebook, hour }, learned, {
      revised: changed.has(hour) ? new Set(revised) : new Set(),
    });
    if (write) writes.push(write);
  }
  return { writes, learned, ...(made && { codebook: made.stored }) };
}

async function absorbHour(
  { store, loopId, codebook, hour }: { store: Store; loopId: string; codebook: LoopCodebook; hour: number },
  learned: readonly LearnableVerdict[],
  { revised }: { revised: ReadonlySet<string> },
): Promise<BucketWrite | null> {
  const rows = learned
    .filter(({ latest, outcome, row }) => latest && isDecided(outcome) && hourOf(row.at) === hour)
    .map(({ row }) => row);
  const fresh = buildBucket(codebook.codebook, hour, rows);
  const parts = await store.bucketList({ loopId, from: hour, to: hour + HOUR_MS });
  if (!areCurrent(parts, codebook)) {
    const [before] = await hourlyBuckets(store, loopId, codebook.codebook, {
      from: hour,
      to: hour + HOUR_MS,
      learned: true,
    });
    return bucketWrite(before ? mergeBuckets([before, fresh]) : fresh, true);
  }
  if (revised.size === 0 && parts.length < MAX_PARTS) return rows.length === 0 ? null : bucketWrite(fresh, false);
  const before = bucketOfParts(await store.bucketRead({ loopId, hour }));
  return bucketWrite(mergeBuckets([mergeBuckets([before], revised), fresh]), true);
}

export function bucketWrite(bucket: HourBucket, replaces: boolean): BucketWrite {
  const { hour, codebook, table } = bucket;
  const rows = rowsOf(table.failing) + rowsOf(table.passing);
  return { hour, codebookId: codebook, rows, bytes: encodeBucket(bucket), replaces };
}

function isDecided(outcome: LearnableVerdict["outcome"]): boolean {
  return outcome === "pass" || outcome === "fail";
}
