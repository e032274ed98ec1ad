import type { BucketMemory, SpendCondition } from "../../model/alert.ts";
import { addToBuckets, sumBuckets } from "./buckets.ts";
import { duration } from "../../internal/duration.ts";
import { money } from "../../internal/money.ts";
import type { Moment, Reading } from "./reading.ts";

/** The window is kept in this many buckets. */
const BUCKETS = 24;

/** Money spent over a sliding window. */
export function readSpend(
  { aboveUsd, perMs, resolveBelowUsd }: Required<SpendCondition>,
  memory: BucketMemory,
  usd: number,
  { now, firing }: Moment,
): Reading<BucketMemory> {
  const bucketMs = perMs / BUCKETS;
  const buckets = addToBuckets(memory.buckets, now, { part: usd, whole: 0 }, { bucketMs, keepMs: perMs });
  const { part: spent } = sumBuckets(buckets, now, perMs, bucketMs);
  const text = (): string => `Evaluating cost ${money(spent)} in ${duration(perMs)} (limit ${money(aboveUsd)})`;
  const reading = { memory: { ...memory, buckets }, text, data: { spentUsd: spent, aboveUsd, perMs } };
  if (spent >= aboveUsd) return { ...reading, verdict: "breach" };
  return { ...reading, verdict: firing && spent >= resolveBelowUsd ? "hold" : "clear" };
}
