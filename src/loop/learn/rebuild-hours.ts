import { HOUR_MS, hourOf } from "../../pattern/hour-bucket.ts";
import type { BucketWrite } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";
import { bucketWrite } from "./absorb.ts";
import { hourlyBuckets } from "./hourly-buckets.ts";
import type { LoopCodebook } from "./loop-codebook.ts";
import { planStretch } from "./stretch.ts";

/**
 * The whole hours of a stretch that have no bucket in this codebook, made from what was learned, one at a time so that no window is
 * too large for it. Writing one again, or somebody else's, changes nothing: the same verdicts give the same bits.
 */
export async function* rebuildHours(
  store: Store,
  loopId: string,
  codebook: LoopCodebook,
  stretch: { from: number; to: number },
): AsyncGenerator<BucketWrite, void, undefined> {
  const { gaps, isWhole } = await planStretch(store, loopId, codebook, stretch);
  for (const { from, to } of gaps) {
    for (let hour = hourOf(from); hour < to; hour += HOUR_MS) {
      if (!isWhole(hour)) continue;
      const whole = { from: hour, to: hour + HOUR_MS, learned: true };
      const [bucket] = await hourlyBuckets(store, loopId, codebook.codebook, whole);
      if (bucket) yield bucketWrite(bucket, true);
    }
  }
}
