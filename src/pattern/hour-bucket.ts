import { stableId } from "../model/id.ts";
import type { FeatureRow } from "../model/pattern.ts";
import { blocksOf, encodeFeatureRow, labelsOf, strideOf, tableOf } from "./bit-table.ts";
import type { BitBlock, BitTable, EncodedRow } from "./bit-table.ts";
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
  return mergeBuckets([bucket, buildBucket(codebook, bucket.hour, rows)]);
}

/**
 * Parts of one hour, in one codebook, as if they had been one bucket all along: of several rows for one trace the last part's
 * counts. Bits are moved, not decoded.
 *
 * @param without traces to leave out
 */
export function mergeBuckets(parts: readonly HourBucket[], without: ReadonlySet<string> = new Set()): HourBucket {
  const [first] = parts;
  if (first === undefined) throw new RangeError("there is nothing to merge");
  const places = new Map<string, Place>();
  for (const { table } of parts) {
    for (const failed of [true, false]) {
      for (const block of failed ? table.failing : table.passing) {
        block.traceIds?.forEach((traceId, row) => {
          if (!without.has(traceId)) places.set(traceId, { traceId, failed, block, row });
        });
      }
    }
  }
  const sorted = [...places.values()].sort((a, b) => (a.traceId < b.traceId ? -1 : 1));
  const { items } = first.table;
  const side = (failed: boolean): BitBlock[] =>
    blocksOf(
      sorted.filter((place) => place.failed === failed),
      (some) => gather(items, some),
    );
  return { hour: first.hour, codebook: first.codebook, table: { items, failing: side(true), passing: side(false) } };
}

/** Where a run stands. */
interface Place {
  traceId: string;
  failed: boolean;
  block: BitBlock;
  row: number;
}

/** A block of runs taken from others. */
function gather(items: number, places: readonly Place[]): BitBlock {
  const stride = strideOf(places.length);
  const bits = new Uint8Array(items * stride);
  const rows = Int32Array.from(places, ({ row }) => row);
  const sources = places.map(({ block }) => block.bits);
  const strides = Int32Array.from(places, ({ block }) => block.stride);
  for (let item = 0; item < items; item += 1) {
    for (let to = 0; to < rows.length; to += 1) {
      const from = rows[to] ?? 0;
      const byte = sources[to]?.[item * (strides[to] ?? 0) + (from >>> 3)] ?? 0;
      const place = item * stride + (to >>> 3);
      bits[place] = (bits[place] ?? 0) | (((byte >>> (from & 7)) & 1) << (to & 7));
    }
  }
  return {
    rows: places.length,
    stride,
    bits,
    ...labelsOf(
      places.map(({ traceId, block, row }) => ({
        traceId,
        cluster: block.clusters?.[row] ?? null,
        culprit: block.culprits?.[row] ?? null,
        reason: block.reasons?.[row] ?? null,
      })),
    ),
  };
}

function bucketOf(codebook: Codebook, hour: number, rows: readonly EncodedRow[]): HourBucket {
  const byTrace = new Map(rows.map((row) => [row.traceId, row]));
  const sorted = [...byTrace.values()].sort((a, b) => (a.traceId < b.traceId ? -1 : 1));
  return { hour, codebook: codebookId(codebook), table: tableOf(codebook, sorted) };
}
