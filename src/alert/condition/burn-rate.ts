import type { BucketMemory, BurnRateCondition, BurnWindow } from "../../model/alert.ts";
import { addToBuckets, sumBuckets } from "./buckets.ts";
import { duration } from "../../internal/duration.ts";
import { percent } from "./reading.ts";
import type { Moment, Reading } from "./reading.ts";

/** A firing window is over when its short window burns below this share of its factor. */
const OVER_BELOW = 0.9;

/** Share of its long window a rule must have watched. */
const COVERED = 0.5;

/** Burn rate is the failure rate over the error budget, `(failing / total) / (1 - objective)`; a window burns when both its spans do. */
export function readBurnRate(
  { objective, windows, minimumFailures }: Required<BurnRateCondition>,
  memory: BucketMemory,
  { failing, total }: { failing: number; total: number },
  { now, firing, minimumSamples }: Moment,
): Reading<BucketMemory> {
  const bucketMs = Math.min(...windows.map(({ shortMs }) => shortMs));
  const keepMs = Math.max(...windows.map(({ longMs }) => longMs));
  const buckets = addToBuckets(memory.buckets, now, { part: failing, whole: total }, { bucketMs, keepMs });
  const burns = windows.map((window) => {
    const long = sumBuckets(buckets, now, window.longMs, bucketMs);
    const short = sumBuckets(buckets, now, window.shortMs, bucketMs);
    // A young rule would take its first bad minutes for three bad days.
    const covered = now - memory.since >= COVERED * window.longMs;
    const enough = covered && long.whole >= minimumSamples && long.part >= minimumFailures && short.whole > 0;
    return { window, long: burn(long, objective), short: burn(short, objective), enough };
  });
  const data = { objective, burn: burns.map(({ window, long, short }) => ({ ...window, long, short })) };
  const burning = burns.filter(({ window, long, short, enough }) => enough && Math.min(long, short) >= window.factor);
  const [loudest] = burning;
  const kept = { ...memory, buckets };
  if (loudest !== undefined) {
    const { window, long } = loudest;
    return {
      memory: kept,
      verdict: "breach",
      text: () => describe(objective, window, long),
      data,
      severity: severityOf(burning),
    };
  }
  const smoulders = burns.some(
    ({ window, short, long, enough }) => enough && Math.min(short, long) >= OVER_BELOW * window.factor,
  );
  const text = (): string =>
    `Error budget of ${percent(1 - objective)} burns at ${Number((burns[0]?.long ?? 0).toPrecision(2))} times the planned rate`;
  return { memory: kept, verdict: firing && smoulders ? "hold" : "clear", text, data };
}

function burn({ part, whole }: { part: number; whole: number }, objective: number): number {
  return whole > 0 ? part / whole / (1 - objective) : 0;
}

function severityOf(burning: readonly { window: BurnWindow }[]): BurnWindow["severity"] {
  const loudness = ["page", "ticket", "info"] as const;
  return loudness.find((severity) => burning.some(({ window }) => window.severity === severity)) ?? "ticket";
}

function describe(objective: number, { longMs, shortMs, factor }: BurnWindow, rate: number): string {
  const spent = `${Number(rate.toPrecision(3))} times the planned rate over ${duration(longMs)} and ${duration(shortMs)}`;
  return `Error budget of ${percent(1 - objective)} burns at ${spent} (limit ${factor}): a 30-day budget would last ${duration((30 * 86_400_000) / rate)}`;
}
