import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomSource } from "../src/internal/random.ts";
import { createEmitter } from "../src/loop/events.ts";
import { learn } from "../src/loop/learn/learn.ts";
import { readLoopCodebook } from "../src/loop/learn/loop-codebook.ts";
import { mineShared } from "../src/loop/learn/mine-shared.ts";
import { createPatternWindow } from "../src/loop/learn/pattern-window.ts";
import { newId, stableId } from "../src/model/id.ts";
import { postgresStore } from "../src/store/postgres/postgres-store.ts";
import type { Store } from "../src/store/store.ts";
import { LOOP, verdictOf } from "./contract/exercise-ledger.ts";
import { recordVerdicts } from "./contract/record-verdicts.ts";

const url = process.env["LOOPSMITH_TEST_POSTGRES"];
const HOUR = 3_600_000;
const START = Date.parse("2026-11-01T00:00:00Z");
const HOURS = 12;
/** The clock of all: it is 13 o'clock, and time goes on. */
const skewMs = START + 13 * HOUR - Date.now();

describe.skipIf(!url)("shared mining on PostgreSQL", () => {
  const schema = `t_${newId().replaceAll("-", "_")}`;
  const workers: ChildProcess[] = [];
  let store: Store;

  const startWorker = async (): Promise<ChildProcess> => {
    const args = ["--import", "./scripts/ts.mjs", "test/servers/share-worker.ts", url ?? "", schema, String(skewMs)];
    const worker = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    workers.push(worker);
    await once(worker.stdout as NodeJS.ReadableStream, "data");
    return worker;
  };

  beforeAll(async () => {
    store = await postgresStore({ url: url ?? "", schema, poolSize: 4, now: () => Date.now() + skewMs });
    const random = randomSource(5);
    const verdicts = Array.from({ length: 1600 }, (_, index) => {
      const clustered = index % 2 === 0;
      // One session, one kind of question: its runs go well or badly together.
      const ofSession = randomSource(index % 300)();
      const [relevance, model, chars] = [
        clustered ? ofSession : random(),
        `m-${1 + Math.floor(random() * 3)}`,
        Math.floor(random() * 900),
      ];
      const badSession = clustered && ofSession < 0.1 ? 0.4 : 0;
      const risk = 0.05 + badSession + (relevance < 0.25 ? 0.5 : 0) + (model === "m-2" && chars >= 600 ? 0.5 : 0);
      return verdictOf(stableId("shared", String(index)), {
        outcome: random() < risk ? "fail" : "pass",
        features: {
          "retrieval.relevance": relevance,
          model,
          output_chars: chars,
          culprit: `span-${index % 4}`,
          reason: `reason-${index % 3}`,
        },
        // Sessions go on for hours, so that they lie in several shares.
        cluster: clustered ? `session-${index % 300}` : null,
        traceStartAt: START + (index % HOURS) * HOUR + index,
      });
    });
    await recordVerdicts(store, verdicts);
    await learn({ store, loopId: LOOP, emitter: createEmitter(), alerts: [], options: {} });
    await Promise.all([startWorker(), startWorker(), startWorker(), startWorker()]);
  }, 180_000);

  afterAll(async () => {
    for (const worker of workers) worker.kill("SIGKILL");
    await store.close();
  });

  const stretch = { from: START + 1_000, to: START + HOURS * HOUR };
  const alone = async () => {
    const codebook = await readLoopCodebook(store, LOOP);
    if (!codebook) throw new Error("nothing was learned");
    const report = await createPatternWindow(store, LOOP).mine(codebook, stretch, { learned: true });
    return { codebook, report };
  };

  it("gives the report of one process from the bitmaps of four others", async () => {
    const { codebook, report } = await alone();
    expect(report.patterns.length).toBeGreaterThan(1);
    expect(report.patterns[0]?.designEffect).toBeGreaterThan(1);
    expect(report.patterns[0]?.exemplars).toHaveLength(5);
    expect(report.patterns[0]?.reasons).toHaveLength(3);
    // This process asks and holds nothing, so the four have to answer.
    const shared = await mineShared(store, LOOP, codebook, stretch, { shares: 4, serve: false });
    expect(shared).toEqual(report);
    const stratified = { stratifyBy: "model" };
    const own = await createPatternWindow(store, LOOP).mine(codebook, stretch, {
      learned: true,
      settings: stratified,
    });
    expect(await mineShared(store, LOOP, codebook, stretch, { shares: 5, serve: false, settings: stratified })).toEqual(
      own,
    );
  }, 180_000);

  it("goes on when a worker dies with a share in its hands", async () => {
    const { codebook, report } = await alone();
    const holding = workers.map(async (worker) => {
      await once(worker.stdout as NodeJS.ReadableStream, "data");
      return worker;
    });
    let isOver = false;
    const mining = mineShared(store, LOOP, codebook, stretch, { shares: 8, serve: false }).finally(
      () => (isOver = true),
    );
    const holder = await Promise.race(holding);
    holder.kill("SIGKILL");
    expect(isOver).toBe(false);
    expect(await mining).toEqual(report);
    expect(holder.signalCode).toBe("SIGKILL");
  }, 180_000);

  it("is what a window above the limit does by itself", async () => {
    const { codebook, report } = await alone();
    const window = createPatternWindow(store, LOOP, { shareFromRows: 1_000, rowsPerShare: 700 });
    expect(await window.mine(codebook, stretch, { learned: true })).toEqual(report);
  }, 180_000);

  it("writes the hours back that had to be made anew, the same to the last bit", async () => {
    const bitsOf = async (): Promise<string[]> => {
      const hours = Array.from({ length: HOURS }, (_, index) => START + index * HOUR);
      const parts = await Promise.all(hours.map((hour) => store.bucketRead({ loopId: LOOP, hour })));
      return parts.map((some) => some.map(({ bytes }) => Buffer.from(bytes).toString("hex")).join());
    };
    const before = await bitsOf();
    await store.bucketDelete({ loopId: LOOP, before: START + 5 * HOUR });
    expect(await bitsOf()).not.toEqual(before);
    const window = createPatternWindow(store, LOOP, { shareFromRows: 1_000, rowsPerShare: 700 });
    await learn({ store, loopId: LOOP, emitter: createEmitter(), alerts: [], options: {}, window }, { mineNow: true });
    expect(await bitsOf()).toEqual(before);
  }, 180_000);
});
