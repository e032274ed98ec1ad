import { Client } from "langsmith";
import { join } from "node:path";
import { randomSource } from "../../src/internal/random.ts";
import { defineEvaluator } from "../../src/evaluator/index.ts";
import { createEmitter } from "../../src/loop/events.ts";
import { createJudge } from "../../src/loop/judge-due.ts";
import { openLoop } from "../../src/loop/open-loop.ts";
import { resolveOptions } from "../../src/loop/options.ts";
import { createSweeps, type SweepDeps } from "../../src/loop/sweep.ts";
import { langsmithPlatform } from "../../src/platform/langsmith.ts";
import { rateLimiter } from "../../src/platform/rate-limiter.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { fakeLangSmith } from "./fake-langsmith.ts";

export interface TailOptions {
  runs: number;
  /** Traces arrive over this long; the tail watches on for another `drainMs`. */
  spreadMs: number;
  drainMs: number;
  pollMs: number;
  seed: number;
  /** Where the ledger goes. */
  folder: string;
  requestsPer10s?: number;
  failing?: number;
  /** The negative control: a cursor at the newest start time seen, without overlap. */
  plainCursor?: boolean;
}

export interface TailReport {
  runs: number;
  /** Ended, visible traces that were never judged. */
  missed: number;
  /** Traces the evaluator saw more than once. */
  doubled: number;
  listRequests: number;
  /** One a poll, and one for each further page of what is new; reading and asking by id not counted. */
  idealListRequests: number;
  openRequests: number;
  refused: number;
  failed: number;
  /** Longest time from visible and ended to judged, ms. */
  worstLagMs: number;
}

const START = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;

/**
 * Tails a scripted LangSmith on a simulated clock through the official client: most traces show up within seconds, 5% up to
 * an hour late and so out of order, 2% never end, some last for minutes, clocks of 5% are up to five minutes off; there is
 * an outage of ten minutes. Everything from the request to the ledger is the product's own code.
 */
export async function simulateTail(options: TailOptions): Promise<TailReport> {
  const { runs, spreadMs, drainMs, pollMs, seed, folder } = options;
  const random = randomSource(seed);
  let clock = START;
  const now = (): number => clock;
  const sleep = (ms: number): Promise<void> => {
    clock += ms;
    return Promise.resolve();
  };
  const outage = START + spreadMs / 2;
  const fake = fakeLangSmith({ ...options, now, random, outages: [[outage, outage + 600_000]] });
  for (let index = 0; index < runs; index += 1) fake.add(script(START + random() * spreadMs, random));
  const client = new Client({ apiUrl: "http://fake.langsmith", apiKey: "any", fetchImplementation: fake.fetch });
  const real = langsmithPlatform({ client, limiter: rateLimiter({ now, sleep }) });
  const platform = options.plainCursor ? withPlainCursor(real) : real;
  const judgedAt = new Map<string, number[]>();
  const evaluator = defineEvaluator({
    name: "seen",
    evaluate: ({ run }) => {
      judgedAt.set(run.id, [...(judgedAt.get(run.id) ?? []), clock]);
      return { key: "ok", score: 1 };
    },
  });
  const declared = {
    client: platform,
    projectName: "tailed",
    evaluator,
    threshold: 0.5,
    settleMs: 10_000,
    writeScores: false,
  };
  const resolved = resolveOptions({ ...declared, lookbackMs: 24 * HOUR, maxOpenMs: 30 * 24 * HOUR });
  await using store = await sqliteStore({ path: join(folder, "tail.db"), now });
  const loop = await openLoop({ ...declared, store }, resolved);
  const deps: SweepDeps = { ...loop, projectId: await platform.projectId({ name: "tailed" }), options: resolved };
  const sweeps = createSweeps(deps);
  const judge = createJudge({
    ...deps,
    history: loop.history,
    emitter: createEmitter(),
    onDeliveries: () => undefined,
  });
  const { signal } = new AbortController();
  for (const until = START + spreadMs + drainMs; clock < until; clock += pollMs) {
    // What fails is done again by the next round, as the pumps of a running loop do.
    try {
      await sweeps();
      while ((await judge(signal)) > 0);
    } catch {
      continue;
    }
  }
  let [missed, doubled, worstLagMs] = [0, 0, 0];
  for (const trace of fake.traces) {
    const at = judgedAt.get(trace.id) ?? [];
    doubled += Math.max(0, at.length - 1);
    if (trace.endAt === null) continue;
    if (at.length === 0) missed += 1;
    else worstLagMs = Math.max(worstLagMs, (at[0] ?? 0) - Math.max(trace.visibleAt, trace.endAt));
  }
  const { list, byId, refused, failed } = fake.requests;
  const polls = Math.ceil((spreadMs + drainMs) / pollMs);
  const idealListRequests = polls + Math.ceil(runs / 100);
  return {
    runs,
    missed,
    doubled,
    listRequests: list,
    idealListRequests,
    openRequests: byId,
    refused,
    failed,
    worstLagMs,
  };
}

function script(at: number, random: () => number): { startAt: number; endAt: number | null; visibleAt: number } {
  const skewMs = random() < 0.05 ? (random() * 2 - 1) * 300_000 : 0;
  const lagMs = random() < 0.05 ? random() * HOUR : random() * 10_000;
  const lastsMs = random() < 0.1 ? random() * 1_200_000 : random() * 5_000;
  const endAt = random() < 0.02 ? null : Math.round(at + lastsMs);
  return { startAt: Math.round(at + skewMs), endAt, visibleAt: Math.round(at + lagMs) };
}

function withPlainCursor(platform: ReturnType<typeof langsmithPlatform>): ReturnType<typeof langsmithPlatform> {
  let seenTo = 0;
  return {
    ...platform,
    async *traceHeads(params) {
      let newest = seenTo;
      for await (const heads of platform.traceHeads({ ...params, startFrom: Math.max(seenTo, START - HOUR) })) {
        for (const head of heads) newest = Math.max(newest, head.startAt);
        yield heads;
      }
      seenTo = newest;
    },
  };
}
