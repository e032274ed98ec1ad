import { stableId } from "../model/id.ts";
import type { FeatureRow } from "../model/pattern.ts";
import { encodeFeatureRow, tableOf } from "./bit-table.ts";
import type { BitBlock, BitTable, EncodedRow } from "./bit-table.ts";
import { NO_CODE } from "./codebook.ts";
import type { Codebook } from "./codebook.ts";

export const HOUR_MS = 3_600_000;

/**
 * The verdicts of the traces that started in one hour, as bitmaps. Rows are sorted by trace id, so the same verdicts give the
 * same bits whenever and in whatever order they arrived, and a rebuild from the ledger can be compared byte by byte.
 */
export interface HourBucket {
  /** Epoch ms of the hour's start. */
  hour: number;
  /** `codebookId` of the codebook the bits are written in. */
  codebook: string;
  table: BitTable;
}

/** Start of the hour a trace belongs to. */
export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

/** Equal codebooks have equal ids; buckets of different codebooks must not be mixed. */
export function codebookId({ attributes }: Codebook): string {
  return stableId("codebook", JSON.stringify(attributes));
}

/** The bucket of these runs, all of the same hour. Of several rows for one trace the last one counts. */
export function buildBucket(codebook: Codebook, hour: number, rows: readonly FeatureRow[]): HourBucket {
  return bucketOf(
    codebook,
    hour,
    rows.map((row) => encodeFeatureRow(codebook, row)),
  );
}

/** Verdicts that came late or changed: rows of traces the bucket already has replace the old ones. */
export function addToBucket(codebook: Codebook, bucket: HourBucket, rows: readonly FeatureRow[]): HourBucket {
  const encoded = rows.map((row) => encodeFeatureRow(codebook, row));
  return bucketOf(codebook, bucket.hour, [...bucketRows(codebook, bucket), ...encoded]);
}

/** What two workers saw of one hour, as if one had seen it all. */
export function mergeBuckets(codebook: Codebook, a: HourBucket, b: HourBucket): HourBucket {
  return bucketOf(codebook, a.hour, [...bucketRows(codebook, a), ...bucketRows(codebook, b)]);
}

function bucketOf(codebook: Codebook, hour: number, rows: readonly EncodedRow[]): HourBucket {
  const byTrace = new Map(rows.map((row) => [row.traceId, row]));
  const sorted = [...byTrace.values()].sort((a, b) => (a.traceId < b.traceId ? -1 : 1));
  return { hour, codebook: codebookId(codebook), table: tableOf(codebook, sorted) };
}

/** The encoded runs behind a bucket: its bits say everything the codebook can say of them. */
export function bucketRows(codebook: Codebook, { table }: HourBucket): EncodedRow[] {
  return [
    ...table.failing.flatMap((block) => blockRows(codebook, block, true)),
    ...table.passing.flatMap((block) => blockRows(codebook, block, false)),
  ];
}

function blockRows({ attributes }: Codebook, block: BitBlock, failed: boolean): EncodedRow[] {
  const { rows, stride, bits, traceIds, clusters, culprits } = block;
  const has = (item: number, row: number): boolean =>
    (((bits[item * stride + (row >>> 3)] ?? 0) >>> (row & 7)) & 1) === 1;
  return Array.from({ length: rows }, (_, row) => ({
    traceId: traceIds?.[row] ?? "",
    failed,
    codes: Uint16Array.from(attributes, ({ cuts, values, missing, firstItem }) => {
      let reached = 0;
      while (reached < cuts.length && has(firstItem + 2 * reached + 1, row)) reached += 1;
      if (reached > 0 || (cuts.length > 0 && has(firstItem, row))) return reached;
      const afterCuts = firstItem + 2 * cuts.length;
      for (let at = 0; at < values.length + (missing ? 1 : 0); at += 1) {
        if (has(afterCuts + at, row)) return cuts.length + 1 + at;
      }
      return NO_CODE;
    }),
    cluster: clusters?.[row] ?? null,
    culprit: culprits?.[row] ?? null,
  }));
}
