// Child of bench/ingest.ts: the ceiling on PostgreSQL. As many connections as the store has insert the same rows into the
// same table, 100 a statement and transaction, one after the other, with nothing around it.
import { Pool } from "pg";
import { columns, nextRows, valuesOf } from "./rows.ts";

const [url = "", seconds = "10"] = process.argv.slice(2);
const CONNECTIONS = 10;
const pool = new Pool({ connectionString: url, max: CONNECTIONS, options: "-c search_path=loopsmith" });
const names = await columns();
const until = performance.now() + Number(seconds) * 1000;
const startedAt = performance.now();

async function connection(): Promise<number> {
  let rows = 0;
  while (performance.now() < until) {
    const batch = await nextRows();
    let parameter = 0;
    const tuples = batch.map(() => `(${names.map(() => `$${++parameter}`).join(", ")})`);
    await pool.query(
      `insert into span (${names.join(", ")}) values ${tuples.join(", ")}`,
      batch.flatMap((row) => valuesOf(row, names)),
    );
    rows += batch.length;
  }
  return rows;
}

const counts = await Promise.all(Array.from({ length: CONNECTIONS }, connection));
const rows = counts.reduce((sum, count) => sum + count, 0);
await pool.end();
process.send?.({ rowsPerSecond: rows / ((performance.now() - startedAt) / 1000) });
process.disconnect();
