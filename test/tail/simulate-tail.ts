import { Client } from "langsmith";
import { join } from "node:path";
import { randomSource } from "../../src/internal/random.ts";
import { defineEvaluator } from "../../src/evaluator/index.ts";
import { createEmitter } from "../../src/loop/events.ts";
import { createJudge } from "../../src/loop/judge/judge-due.ts";
import { openLoop } from "../../src/loop/open-loop.ts";
import { resolveOptions } from "../../src/loop/resolve-options.ts";
import type { SweepDeps } from "../../src/loop/tail/sweep.ts";
import { createTail } from "../../src/loop/tail/tail.ts";
import { langsmithPlatform } from "../../src/platform/langsmith.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { rateLimiter } from "../../src/platform/rate-limiter.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { fakeLangSmith, type ScriptedTrace } from "./fake-langsmith.ts";
import { recordClaims } from "./record-claims.ts";

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
  /**
   * Read and judge every trace through the platform. Otherwise due traces are claimed and their verdicts recorded without
   * that, which is the same for tailing and affords a million of them. @default false
   */
  judge?: boolean;
  /** The negative control: a cursor at the newest start time seen, without overlap. */
  plainCursor?: boolean;
}

export interface TailReport {
  runs: number;
  /** Ended, visible traces that were never judged. */
  missed: number;
  /** Verdicts beyond one a trace. */
  doubled: number;
  /** Every request that looked for traces, answered or not: lists, ids, counts, refused and failed ones. */
  requests: number;
  /**
   * What an oracle needs that is told at each poll which traces came to be visible and ended since the last: one request a
   * poll, and one for every further page of a thousand of these.
   */
  idealRequests: number;
  byKind: { list: number; byId: number; count: number; refused: number; failed: number };
  /** Requests that read whole traces for judging; not among `requests`. */
  reads: number;
  /** From visible and ended to judged, ms. */
  delayMs: { p50: number; p95: number; p99: number; worst: number };
}

const START = Date.UTC(2026, 10, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PAGE = 1_000;
const OUTAGE_MS = 10 * MINUTE;

/**
 * Tails a scripted LangSmith on a simulated clock through the official client: most traces show up within seconds, 5% up to
 * an hour late and so out of order, 2% never end, some last for minutes, the clocks of 5% are up to five minutes off, some
 * ends are written down minutes after the fact; requests fail, a quota refuses, and there is an outage of ten minutes.
 * Everything from the request to the ledger is the product's own code.
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
  const scripts = Array.from({ length: runs }, () => script(START + random() * spreadMs, random));
  const fake = fakeLangSmith({ ...options, now, random, outages: [[outage, outage + OUTAGE_MS]] }, scripts);
  const client = new Client({ apiUrl: "http://fake.langsmith", apiKey: "any", fetchImplementation: fake.fetch });
  const real = langsmithPlatform({ client, limiter: rateLimiter({ now, sleep }) });
  const platform = options.plainCursor ? withPlainCursor(real) : real;
  const judgedAt = new Map<string, number>();
  let doubled = 0;
  const seen = (traceId: string): void => {
    if (judgedAt.has(traceId)) doubled += 1;
    else judgedAt.set(traceId, clock);
  };
  const evaluator = defineEvaluator({
    name: "seen",
    evaluate: ({ run }) => {
      seen(run.id);
      return { key: "ok", score: 1 };
    },
  });
  const declared = { client: platform, projectName: "tailed", evaluator, threshold: 0.5, writeScores: false };
  const resolved = resolveOptions({ ...declared, lookbackMs: 24 * HOUR, maxOpenMs: 30 * 24 * HOUR });
  // Nothing pulls the plug here, and tens of thousands of polls would wait for the disk more than for anything else.
  await using store = await sqliteStore({ path: join(folder, "tail.db"), now, synchronous: "off" });
  const loop = await openLoop({ ...declared, store }, resolved);
  const projectId = await platform.projectId({ name: "tailed" });
  const tail = createTail({ ...loop, projectId, options: resolved });
  const judge = options.judge
    ? realJudge({ ...loop, projectId, options: resolved }, loop)
    : () => recordClaims(store, loop.loopId, seen);
  for (let at = START; at < START + spreadMs + drainMs; at += pollMs) {
    // A poll that had to wait may have used up the time of the next ones.
    if (clock > at) continue;
    clock = at;
    // What fails is done again by the next round, as the pumps of a running loop do.
    await tail.poll().catch(() => undefined);
    while ((await judge()) > 0);
  }
  const ended = fake.traces.filter((trace) => trace.endAt !== null);
  const delays = ended.flatMap((trace) => {
    const at = judgedAt.get(trace.id);
    return at === undefined ? [] : [at - Math.max(trace.visibleAt, trace.endVisibleAt)];
  });
  delays.sort((a, b) => a - b);
  const share = (part: number): number => Math.round(delays[Math.floor((delays.length - 1) * part)] ?? 0);
  const { read, ...byKind } = fake.requests;
  return {
    runs,
    missed: ended.length - delays.length,
    doubled,
    requests: Object.values(byKind).reduce((sum, count) => sum + count, 0),
    idealRequests: idealRequests(ended, options),
    byKind,
    reads: read,
    delayMs: { p50: share(0.5), p95: share(0.95), p99: share(0.99), worst: share(1) },
  };
}

function realJudge(deps: SweepDeps, loop: Awaited<ReturnType<typeof openLoop>>): () => Promise<number> {
  const { signal } = new AbortController();
  const judge = createJudge({
    ...deps,
    history: loop.history,
    lineage: loop.lineage,
    callLimits: loop.callLimits,
    sharedCache: loop.sharedCache,
    breaker: loop.breaker,
    tracing: loop.tracing,
    emitter: createEmitter(),
    onDeliveries: () => undefined,
  });
  return () => judge(signal).catch(() => 0);
}

function idealRequests(ended: readonly ScriptedTrace[], { spreadMs, drainMs, pollMs }: TailOptions): number {
  const polls = Math.ceil((spreadMs + drainMs) / pollMs);
  const newAt = Array.from({ length: polls }, () => 0);
  for (const { visibleAt, endVisibleAt } of ended) {
    const poll = Math.ceil((Math.max(visibleAt, endVisibleAt) - START) / pollMs);
    if (poll < polls) newAt[poll] = (newAt[poll] ?? 0) + 1;
  }
  return newAt.reduce((sum, count) => sum + Math.max(1, Math.ceil(count / PAGE)), 0);
}

function script(at: number, random: () => number): Omit<ScriptedTrace, "id"> {
  const skewMs = random() < 0.05 ? (random() * 2 - 1) * 5 * MINUTE : 0;
  const lagMs = random() < 0.05 ? random() * HOUR : random() * 10_000;
  const lastsMs = random() < 0.1 ? random() * 20 * MINUTE : random() * 5_000;
  const endLagMs = random() < 0.01 ? random() * 10 * MINUTE : random() * 5_000;
  const never = random() < 0.02;
  return {
    startAt: Math.round(at + skewMs),
    endAt: never ? null : Math.round(at + lastsMs + skewMs),
    visibleAt: Math.round(at + lagMs),
    endVisibleAt: Math.round(at + lastsMs + endLagMs),
  };
}

function withPlainCursor(platform: Platform): Platform {
  let seenTo = 0;
  const { traceCount: _unknown, ...rest } = platform;
  return {
    ...rest,
    async *traceHeads({ projectId }) {
      let newest = seenTo;
      for await (const heads of platform.traceHeads({ projectId, startFrom: Math.max(seenTo, START - HOUR) })) {
        for (const head of heads) newest = Math.max(newest, head.startAt);
        yield heads;
      }
      seenTo = newest;
    },
  };
}
