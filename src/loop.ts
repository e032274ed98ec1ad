import { Pump } from "./job/pump.ts";
import { createDeliverer } from "./loop/deliver.ts";
import { createEmitter, type LoopEventName, type LoopEvents } from "./loop/events.ts";
import { createJudge } from "./loop/judge-due.ts";
import { loopPatterns, type PatternsOptions } from "./loop/loop-patterns.ts";
import { loopStatus, type LoopStatus } from "./loop/loop-status.ts";
import { openLoop, type OpenLoop } from "./loop/open-loop.ts";
import { resolveOptions, type FeedbackLoopOptions } from "./loop/options.ts";
import { enrol, sweep } from "./loop/sweep.ts";
import { resolveSince } from "./loop/window.ts";
import type { Delivery } from "./model/delivery.ts";
import { errorMessage } from "./model/errors.ts";
import type { PatternReport } from "./model/pattern.ts";
import type { TraceHead } from "./model/trace.ts";
import type { DeliveryFilter } from "./store/resource/delivery.ts";

export interface RunOptions {
  /** Quiet time this run insists on. @default the loop's settleMs */
  settleMs?: number;
  /** Called as traces are judged. */
  onProgress?: (progress: { judged: number; waiting: number }) => void;
}

export interface BackfillOptions extends RunOptions {
  /** A length back (`"7d"`), a date, or epoch ms. */
  since: string | number | Date;
  until?: string | number | Date;
  /** Traces at most. */
  limit?: number;
}

/** What one run over existing traces came to. Counts are of this run. */
export interface RunSummary {
  /** Traces judged. */
  judged: number;
  failures: number;
  delivered: number;
}

/** Evaluator, threshold and actions over a project. Made by {@link createFeedbackLoop}. */
export interface FeedbackLoop extends AsyncDisposable {
  readonly name: string;
  readonly projectName: string;
  /** Watches the project until {@link stop}. Resolves once it runs. */
  start(): Promise<void>;
  /** Lets what is in hand finish, at most `timeoutMs` (default 10 s); what did not is resumed by the next start. */
  stop(options?: { timeoutMs?: number }): Promise<void>;
  /** Judges every ended trace of the look-back window that was not judged yet, delivers, and returns. */
  runOnce(options?: RunOptions): Promise<RunSummary>;
  /** The same for any range of the past. Resumes where it was cut off when called again. */
  backfill(options: BackfillOptions): Promise<RunSummary>;
  status(): Promise<LoopStatus>;
  /** What the failures of a window have in common. */
  patterns(options?: PatternsOptions): Promise<PatternReport>;
  deliveries(filter?: Omit<DeliveryFilter, "loopId"> & { limit?: number }): Promise<Delivery[]>;
  /** Sends dead (or otherwise finished) deliveries again, under the same ids. Returns how many. */
  replay(filter?: Omit<DeliveryFilter, "loopId">): Promise<number>;
  /** Returns how to stop listening. */
  on<N extends LoopEventName>(name: N, listener: (event: LoopEvents[N]) => void): () => void;
}

/**
 * The product on one page: settle, evaluate, blame, decide, act, learn, in that order for every trace of a project.
 *
 * @throws LoopsmithError `invalid` when an option is missing or out of range; `start` and `runOnce` throw `not_found` for
 * an unknown project, `unauthorized`, or `unavailable` when the platform cannot be reached
 */
export function createFeedbackLoop(options: FeedbackLoopOptions): FeedbackLoop {
  const resolved = resolveOptions(options);
  const emitter = createEmitter();
  let lastSweepAt: number | null = null;
  let lastError: LoopStatus["lastError"] = null;
  emitter.on("error", ({ error }) => {
    lastError = { at: Date.now(), message: errorMessage(error) };
  });

  let opening: Promise<OpenLoop> | null = null;
  const open = (): Promise<OpenLoop> =>
    (opening ??= openLoop(options, resolved).catch((error: unknown) => {
      opening = null;
      throw error;
    }));

  let running: { stop(timeoutMs: number): Promise<void> } | null = null;

  async function start(): Promise<void> {
    if (running) return;
    const loop = await open();
    // A trace that changes between the subscription and the first sweep is found by the sweep, never missed.
    const touched = new Map<string, TraceHead>();
    const pollMs = resolved.pollMs ?? (loop.platform.subscribe ? 60_000 : 10_000);
    const deliverPump = new Pump({
      run: createDeliverer({ ...loop, options: resolved, emitter }),
      idleMs: 5_000,
      untilDueMs: () => untilDue(loop, loop.store.deliveryNextDue({ loopId: loop.loopId })),
      onError: (error) => emitter.emit("error", { error, during: "deliver" }),
    });
    let projectId: string | null = null;
    let judge: ReturnType<typeof createJudge> | null = null;
    const begin = async (): Promise<string> => {
      const id = await loop.platform.projectId({ name: resolved.projectName });
      projectId = id;
      judge = createJudge({
        ...loop,
        projectId: id,
        options: resolved,
        emitter,
        onDeliveries: () => deliverPump.wake(),
      });
      unsubscribe = loop.platform.subscribe?.({
        projectId: id,
        onChange: (heads) => {
          for (const head of heads) touched.set(head.traceId, head);
          sweepPump.wake();
        },
      });
      return id;
    };
    let unsubscribe: (() => void) | undefined;
    const judgePump = new Pump({
      run: async (signal) => (judge ? judge(signal) : 0),
      idleMs: 5_000,
      untilDueMs: () => untilDue(loop, loop.store.ledgerNextDue({ loopId: loop.loopId })),
      onError: (error) => emitter.emit("error", { error, during: "judge" }),
    });
    const sweepPump = new Pump({
      run: async () => {
        const deps = { ...loop, projectId: projectId ?? (await begin()), options: resolved };
        const heads = [...touched.values()];
        touched.clear();
        if (heads.length > 0) await enrol(deps, heads);
        const now = loop.store.now();
        if (lastSweepAt === null || now - lastSweepAt >= pollMs) {
          await sweep(deps, { startFrom: now - resolved.lookbackMs });
          lastSweepAt = now;
        }
        judgePump.wake();
        return touched.size;
      },
      idleMs: pollMs,
      onError: (error) => emitter.emit("error", { error, during: "sweep" }),
    });
    if (!resolved.waitForProject) await begin();
    for (const pump of [sweepPump, judgePump, deliverPump]) pump.start();
    running = {
      async stop(timeoutMs) {
        unsubscribe?.();
        await sweepPump.stop(timeoutMs);
        await judgePump.stop(timeoutMs);
        await deliverPump.stop(timeoutMs);
      },
    };
  }

  async function stop({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const current = running;
    running = null;
    await current?.stop(timeoutMs);
    const loop = await opening?.catch(() => null);
    opening = null;
    await loop?.close();
  }

  async function backfill(range: BackfillOptions): Promise<RunSummary> {
    const loop = await open();
    const { store, loopId } = loop;
    const deps = { ...loop, projectId: await loop.platform.projectId({ name: resolved.projectName }), options: resolved };
    const now = store.now();
    await sweep(
      deps,
      {
        startFrom: resolveSince(range.since, now),
        ...(range.until === undefined ? {} : { startTo: resolveSince(range.until, now) }),
      },
      {
        ...(range.settleMs === undefined ? {} : { settleMs: range.settleMs }),
        ...(range.limit === undefined ? {} : { limit: range.limit }),
      },
    );
    const summary: RunSummary = { judged: 0, failures: 0, delivered: 0 };
    const listening = [
      emitter.on("trace:judged", ({ verdict }) => {
        summary.judged += 1;
        if (verdict.outcome === "fail") summary.failures += 1;
      }),
      emitter.on("delivery:delivered", () => (summary.delivered += 1)),
    ];
    try {
      const signal = new AbortController().signal;
      const judge = createJudge({ ...deps, emitter, onDeliveries: () => {} });
      const deliver = createDeliverer({ ...loop, options: resolved, emitter });
      const settleMs = range.settleMs ?? resolved.settleMs;
      for (;;) {
        const done = (await judge(signal)) + (await deliver(signal));
        const { waiting } = await store.ledgerCounts({ loopId });
        range.onProgress?.({ judged: summary.judged, waiting });
        if (done > 0) continue;
        // What becomes due within the settle window or a retry's delay is waited for; traces still open are not.
        const due = await store.ledgerNextDue({ loopId });
        const inMs = due === null ? Infinity : due - store.now();
        if (inMs > settleMs + resolved.retryMs * 2 ** resolved.maxAttempts) return summary;
        await new Promise((resolve) => setTimeout(resolve, Math.max(5, inMs)));
      }
    } finally {
      for (const off of listening) off();
    }
  }

  const loopsFilter = async (): Promise<{ loopId: string; loop: OpenLoop }> => {
    const loop = await open();
    return { loopId: loop.loopId, loop };
  };

  return {
    name: resolved.name,
    projectName: resolved.projectName,
    start,
    stop,
    backfill,
    runOnce: (run = {}) => backfill({ ...run, since: Date.now() - resolved.lookbackMs }),
    async status() {
      const loop = await open();
      return loopStatus(
        loop.store,
        { id: loop.loopId, name: resolved.name, projectName: resolved.projectName },
        { running: running !== null, lastSweepAt, lastError },
      );
    },
    async patterns(mining) {
      const loop = await open();
      return loopPatterns(loop.store, loop.loopId, mining);
    },
    async deliveries({ limit = 100, ...filter } = {}) {
      const { loopId, loop } = await loopsFilter();
      return loop.store.deliveryList({ ...filter, loopId, limit });
    },
    async replay(filter = {}) {
      const { loopId, loop } = await loopsFilter();
      return loop.store.deliveryReplay({ ...filter, loopId });
    },
    on: (name, listener) => emitter.on(name, listener),
    [Symbol.asyncDispose]: () => stop(),
  };
}

async function untilDue(loop: OpenLoop, due: Promise<number | null>): Promise<number | null> {
  const at = await due;
  return at === null ? null : at - loop.store.now();
}
