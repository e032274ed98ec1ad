// What a filtered page and a trace cost by the number of stored spans.
//   node --import ./scripts/ts.mjs bench/query.ts [--spans 10000,100000,1000000] [--repeat 40] [--json]
// Queries go through the server without a socket, each from a random point in time; answers are read to the end.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomSource } from "../src/internal/random.ts";
import { createServer } from "../src/server/index.ts";
import { openStore } from "../src/store/open-store.ts";
import { fill, START } from "./query/fill.ts";

const { values } = parseArgs({
  options: { spans: { type: "string" }, repeat: { type: "string" }, json: { type: "boolean" } },
});
const sizes = (values.spans ?? "10000,100000,1000000").split(",").map(Number);
const repeat = Number(values.repeat ?? 40);

/** Name, v1 query; `end_time` is set to a random time. */
const QUERIES: Record<string, object> = {
  "newest roots": { is_root: true },
  "newest runs": {},
  "by kind": { filter: 'eq(run_type, "llm")' },
  "by name, 1 in 10,000": { filter: 'eq(name, "rare")', limit: 10 },
  "errors, 1 in 1,000": { filter: "neq(error, null)", limit: 20 },
  "slow roots, 1 in 100": { is_root: true, filter: 'gt(latency, "2970ms")', limit: 20 },
  "by metadata, 1 in 10": { is_root: true, filter: 'and(eq(metadata_key, "tier"), eq(metadata_value, "paid"))' },
  "by metadata, 1 in 1,000": {
    is_root: true,
    filter: 'and(eq(metadata_key, "customer"), eq(metadata_value, "c7"))',
    limit: 5,
  },
  "by feedback, 1 in 100": {
    is_root: true,
    filter: 'and(eq(feedback_key, "quality"), lt(feedback_score, 0.2))',
    limit: 20,
  },
  "children of failed traces": { filter: 'eq(run_type, "llm")', tree_filter: "neq(error, null)", limit: 20 },
};

const folder = mkdtempSync(join(tmpdir(), "loopsmith-query-"));
const random = randomSource(7);
const results: object[] = [];
const store = await openStore({ dataDir: folder });
const server = createServer({ store });
try {
  let stored = 0;
  for (const size of sizes) {
    const filledAt = performance.now();
    const newest = await fill(store, stored, size);
    const spansPerSecond = Math.round((size - stored) / ((performance.now() - filledAt) / 1000));
    stored = size;
    const project = await store.projectGet({ name: "bench" });
    const session = [project?.id ?? ""];
    const ask = async (path: string, body?: object): Promise<string> => {
      const answer = await server.fetch(`http://x${path}`, body && { method: "POST", body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
      return answer.text();
    };
    // Never so early that a rare match has to be looked for before the beginning.
    const before = (): string => new Date(START + (0.5 + 0.5 * random()) * (newest - START)).toISOString();
    const timings: Record<string, { p50Ms: number; p95Ms: number; found: number }> = {};
    for (const [name, query] of Object.entries(QUERIES)) {
      let found = 0;
      timings[name] = {
        ...(await measure(async () => {
          const text = await ask("/runs/query", {
            session,
            end_time: before(),
            select: ["id", "name", "inputs"],
            ...query,
          });
          found += (JSON.parse(text) as { runs: unknown[] }).runs.length / (repeat + 1);
        })),
        found: Math.round(found),
      };
    }
    const { rows } = await store.spanQuery({
      projectIds: session,
      isRoot: true,
      order: "desc",
      limit: 500,
      payloads: [],
    });
    const anyTrace = (): string => rows[Math.floor(random() * rows.length)]?.id ?? "";
    const all = "INPUTS&selects=OUTPUTS&selects=EXTRA&selects=FEEDBACK_STATS";
    timings["one trace, 10 spans"] = {
      ...(await measure(async () => void (await ask(`/v2/traces/${anyTrace()}/runs?selects=${all}`)))),
      found: 10,
    };
    timings["one run"] = { ...(await measure(async () => void (await ask(`/runs/${anyTrace()}`)))), found: 1 };
    const fileMb = Math.round(statSync(join(folder, "loopsmith.db")).size / 1024 / 1024);
    results.push({ spans: size, fileMb, filledPerSecond: spansPerSecond, queries: timings });
    if (!values.json) print(size, fileMb, timings);
  }
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
if (values.json) process.stdout.write(`${JSON.stringify({ results })}\n`);

async function measure(work: () => Promise<void>): Promise<{ p50Ms: number; p95Ms: number }> {
  await work();
  const times: number[] = [];
  for (let index = 0; index < repeat; index++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? 0) * 100) / 100;
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}

function print(
  size: number,
  fileMb: number,
  timings: Record<string, { p50Ms: number; p95Ms: number; found: number }>,
): void {
  process.stdout.write(`\n${size.toLocaleString("en")} spans, ${fileMb} MB\n`);
  for (const [name, { p50Ms, p95Ms, found }] of Object.entries(timings)) {
    process.stdout.write(
      `${name.padEnd(28)} p50 ${String(p50Ms).padStart(8)} ms   p95 ${String(p95Ms).padStart(8)} ms   ${found} found\n`,
    );
  }
}
