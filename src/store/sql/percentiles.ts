import { sql, type SelectQueryBuilder } from "kysely";
import type { Percentiles } from "../../model/span-stats.ts";
import type { Database } from "./database.ts";
import type { Sql } from "./dialect.ts";
import type { Schema } from "./schema.ts";

/** Nearest-rank percentiles of `value` over the rows of `spans` that have one: exact, with one sort for both. */
export async function percentiles(
  db: Database,
  spans: SelectQueryBuilder<Schema, "span", object>,
  value: Sql<number | null>,
): Promise<Percentiles> {
  const ranked = spans
    .where(sql<boolean>`${value} is not null`)
    .select([
      sql<number>`${value}`.as("value"),
      sql<number>`row_number() over (order by ${value})`.as("rank"),
      sql<number>`count(*) over ()`.as("total"),
    ]);
  const { rows } = await sql<{ value: number; rank: number }>`
    select value, rank from (${ranked}) as ranked
    where rank = (total + 1) / 2 or rank = (99 * total + 99) / 100
    order by rank`.execute(db.scan);
  const [first, last] = [rows[0], rows.at(-1)];
  return { p50: first ? Number(first.value) : null, p99: last ? Number(last.value) : null };
}

/** The same over numbers that are already here. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (rank: number): number | null => sorted[Math.floor(rank) - 1] ?? null;
  return { p50: at((sorted.length + 1) / 2), p99: at((99 * sorted.length + 99) / 100) };
}
