import type { BenchResult } from "./patterns.ts";
import type { RealResult } from "./patterns-real.ts";
import type { SpeedResult } from "./patterns-speed.ts";

/** The result as tables, for people. */
export function print(result: BenchResult): void {
  const { golden, planted, noise, clusteredNoise, speed, slide, growth, real } = result;
  if (golden) {
    console.log(
      golden.skipped === undefined
        ? `golden: largest difference from DivExplorer's published values ${golden.maxError?.toExponential(1)}; ${golden.itemsets} frequent itemsets, published first one ${golden.firstIsFirst ? "is" : "is not"} first`
        : `golden: skipped, ${golden.skipped}`,
    );
  }
  if (planted) {
    console.log("\nplanted patterns among 100 noise features");
    console.table(
      planted.map(({ n, riskRatio, runs, recall, precision, thresholdError, msPerRun }) => ({
        n,
        riskRatio,
        sets: runs,
        recall: percent(recall),
        precision: percent(precision),
        thresholdError: thresholdError === null ? "" : thresholdError.toFixed(3),
        ms: Math.round(msPerRun),
      })),
    );
  }
  if (noise && clusteredNoise) {
    console.log(
      `\npure noise, ${noise.rows} runs: a pattern in ${percent(noise.falseShare)} of ${noise.windows} windows`,
    );
    console.log(
      `clustered noise: ${percent(clusteredNoise.falseShare)} of ${clusteredNoise.windows} windows; taking runs for independent: ${percent(clusteredNoise.ignoringClusters)}`,
    );
  }
  if (speed) printSpeeds("speed, stored bitmaps to finished report, one thread", speed);
  if (slide) {
    console.log(
      `\nslide of 7 days by an hour, ${slide.rows} runs: ${slide.ms.toFixed(1)} ms to the new report (counts ${slide.updateMs.toFixed(1)} ms); mined from nothing ${slide.fullMs.toFixed(0)} ms`,
    );
  }
  if (growth) for (const [what, rows] of Object.entries(growth)) printSpeeds(`growth with ${what}`, rows);
  if (real) {
    printReal("tau-bench airline, clustered by task", real.tau);
    printReal("sentinel, fault classes hidden from the miner", real.sentinel);
  }
  console.log(`\nseed ${result.seed}, ${result.seconds.toFixed(0)} s`);
}

function printSpeeds(title: string, rows: readonly SpeedResult[]): void {
  console.log(`\n${title}`);
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  console.table(
    rows.map((row) => ({
      runs: row.rows,
      predicates: row.predicates,
      depth: row.depth,
      ms: Math.round(row.ms),
      "plain JS ms": row.plainJsMs === null ? "" : Math.round(row.plainJsMs),
      "GB/s": gigabytes(row.bytesPerSecond),
      "AND+popcount GB/s": gigabytes(row.bandwidthBytesPerSecond),
      "MB per million runs": Math.round(row.bytesPerMillionRows / 1e6),
      hypotheses: row.hypotheses,
      shown: row.shown,
    })),
  );
}

function printReal(title: string, result: RealResult): void {
  console.log(`\n${title}`);
  if (result.skipped !== undefined) {
    console.log(`  skipped: ${result.skipped}`);
    return;
  }
  console.log(
    `  ${result.runs} runs, ${result.failures} failed; ${result.patterns.length} patterns explain ${percent(result.explained)} of failures`,
  );
  for (const { sentence, designEffect } of result.patterns)
    console.log(`  - ${sentence}${designEffect === undefined ? "" : `, design effect ${designEffect.toFixed(1)}`}`);
  if (result.ignoringClusters) {
    console.log("  taking runs for independent, one would claim:");
    for (const sentence of result.ignoringClusters) console.log(`  - ${sentence}`);
  }
  if (result.classes) {
    console.log(
      `  fault classes recovered (some pattern matches half of the class and at most a third as many passing runs): ${result.recovered} of ${result.classes.length}`,
    );
    console.table(
      result.classes.map(({ name, runs, recall, passingShare, purity, recovered, pattern }) => ({
        class: name,
        runs,
        recall: percent(recall),
        passing: percent(passingShare),
        purity: percent(purity),
        recovered,
        pattern: pattern?.slice(0, 90),
      })),
    );
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
