// Child of bench/ingest.ts: the ceiling. The same rows go into the same tables by the bare driver, in transactions as large
// as all clients' requests together and with fsync, with nothing around it: no HTTP, no parsing, no merging, no load.
import { join } from "node:path";
import { CHECKPOINT_PAGES } from "../../src/store/sqlite/checkpoint-pages.ts";
import { openSqlite } from "../../src/store/sqlite/open-sqlite.ts";
import { columns, nextRows, valuesOf } from "./rows.ts";

const [folder = "", seconds = "10", clients = "16"] = process.argv.slice(2);
const database = openSqlite({ path: join(folder, "raw.db") });
await database.write(({ native }) => {
  native.handle.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  return Promise.resolve();
});
const names = await columns();
const insert = `insert into span (${names.join(", ")}) values (${names.map(() => "?").join(", ")})`;

let rows = 0;
let spent = 0;
while (spent < Number(seconds) * 1000) {
  // Only the inserting is timed.
  const batch = [];
  for (let request = 0; request < Number(clients); request++) batch.push(...(await nextRows()));
  const values = batch.map((row) => valuesOf(row, names));
  const startedAt = performance.now();
  await database.write(({ native }) => {
    const statement = native.prepare(insert);
    for (const value of values) statement.run(...value);
    return Promise.resolve();
  });
  spent += performance.now() - startedAt;
  rows += batch.length;
}
await database.close();
process.send?.({ rowsPerSecond: rows / (spent / 1000) });
process.disconnect();
