import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { newId } from "../../model/id.ts";
import type { SpanWrite } from "../../model/span-write.ts";
import { parseFilter } from "../../wire/filter.ts";
import { connect } from "./connect.ts";
import { ScanThread } from "./scan-thread.ts";
import { sqliteStore } from "./sqlite-store.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-scan-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("searches a large database without holding this thread up, and sees what was just written", async () => {
  await using store = await sqliteStore({ path: join(folder, "large.db") });
  const roots = (count: number, name: string): SpanWrite[] =>
    Array.from({ length: count }, (_, index) => ({
      op: "post",
      id: newId(),
      projectName: "p",
      name,
      kind: "chain",
      startAt: 1_760_000_000_000 + index,
      metadata: { index, text: "x".repeat(100) },
    }));
  for (let batch = 0; batch < 21; batch++) await store.spanIngest({ spans: roots(1000, "common") });
  await store.spanIngest({ spans: roots(3, "rare") });
  const project = await store.projectGet({ name: "p" });
  const projectIds = [project?.id ?? ""];
  const filter = parseFilter('and(eq(name, "rare"), eq(metadata_key, "index"), gte(metadata_value, 1))', "filter");
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const [found, stats, none] = await Promise.all([
    store.spanQuery({ projectIds, filter, order: "desc", limit: 10, payloads: [] }),
    store.spanStats({ projectIds }),
    store.spanQuery({
      projectIds,
      filter: parseFilter('search("nowhere")', "filter"),
      order: "asc",
      limit: 1,
      payloads: [],
    }),
  ]);
  clearInterval(timer);
  expect(found.rows.map((row) => row.metadata["index"])).toEqual([2, 1]);
  expect(stats.count).toBe(21_003);
  expect(none.rows).toEqual([]);
  // A search of 21,000 spans takes long enough for this thread to have had many turns.
  expect(turns).toBeGreaterThan(1);
});

it("says to send again what was under way when the thread ended, and starts another one for the next", async () => {
  const [local, path] = [connect(join(folder, "local.db"), "off"), join(folder, "late", "late.db")];
  mkdirSync(path, { recursive: true });
  const thread = new ScanThread(path, local);
  const failed = thread.all("select 1 as one", []);
  await expect(failed).rejects.toMatchObject({ code: "unavailable", hint: "Send the request again." });
  rmSync(path, { recursive: true });
  expect(await thread.all("select 1 as one", [])).toEqual([{ one: 1 }]);
  await thread.close();
  local.handle.close();
});
