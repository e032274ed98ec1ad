import { codebookId, HOUR_MS } from "../src/pattern/hour-bucket.ts";
import type { HourBucket } from "../src/pattern/hour-bucket.ts";
import { createBitmapWindow } from "../src/pattern/bitmap-window.ts";
import { createKernel } from "../src/pattern/kernel/create-kernel.ts";
import { speedTable } from "./patterns-speed.ts";

const HOURS = 7 * 24;
const SLIDES = 24;

export interface SlideResult {
  rows: number;
  predicates: number;
  /** Median over 24 slides: the newest hour comes, the oldest goes, and the window is mined again to a finished report. */
  ms: number;
  /** Of that, bringing the counts up to date. */
  updateMs: number;
  /** The same window mined from nothing. */
  fullMs: number;
}

/** A window of 7 days in hourly buckets that moves on by an hour, 24 times. */
export function measureSlide(rows: number, predicates: number, support: number, seed: number): SlideResult {
  const hourly = Math.round(rows / HOURS);
  const { codebook } = speedTable({ rows: 0, predicates, seed });
  const id = codebookId(codebook);
  const bucketOf = (index: number): HourBucket => ({
    hour: index * HOUR_MS,
    codebook: id,
    table: speedTable({ rows: hourly, predicates, seed: seed * 1000 + index }).table,
  });
  const window = createBitmapWindow(codebook, createKernel("wasm"));
  for (let index = 0; index < HOURS; index += 1) window.set(bucketOf(index));
  const settings = { minSupport: support };
  const startedAt = performance.now();
  window.mine(settings);
  const fullMs = performance.now() - startedAt;
  const slides = Array.from({ length: SLIDES }, (_, slide) => {
    const bucket = bucketOf(HOURS + slide);
    const from = performance.now();
    window.set(bucket);
    window.remove(slide * HOUR_MS);
    const updated = performance.now();
    window.mine(settings);
    return { ms: performance.now() - from, updateMs: updated - from };
  });
  const median = (of: keyof (typeof slides)[number]): number =>
    slides.map((slide) => slide[of]).sort((a, b) => a - b)[SLIDES / 2] ?? Number.NaN;
  return { rows, predicates, ms: median("ms"), updateMs: median("updateMs"), fullMs };
}
