import { sharedAbort } from "../internal/shared-abort.ts";
import { Pump } from "../job/pump.ts";
import type { TraceHead } from "../model/trace.ts";
import type { Platform } from "../platform/platform.ts";
import { createDeliverer } from "./deliver.ts";
import { makeDigests } from "./digest.ts";
import type { LoopEmitter } from "./events.ts";
import { findProject } from "./find-project.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { createConversationJudge, nextConversationDue } from "./judge/judge-conversations.ts";
import { createJudge } from "./judge/judge-due.ts";
import { evaluateRulesAlone } from "./learn/evaluate-rules.ts";
import { learn } from "./learn/learn.ts";
import type { OpenLoop } from "./open-loop.ts";
import { loopRemedies } from "./remedy/loop-remedies.ts";
import type { ResolvedLoopOptions } from "./options.ts";
import { createPatternWindow } from "./learn/pattern-window.ts";
import { serveShares } from "./learn/serve-shares.ts";
import { createSweeps, enrol } from "./tail/sweep.ts";
import { createTail, type Tail } from "./tail/tail.ts";

export interface Watch {
  /** Epoch ms of the last complete sweep, or `null`. */
  readonly lastSweepAt: number | null;
  stop(timeoutMs: number): Promise<void>;
}

const POLL_MS = 10_000;
/** Our own store is asked for what changed since the last time, which costs it little. */
const POLL_STORE_MS = 2_000;
/** Where the platform tells of changes, the sweep is only the safety net. */
const POLL_WHEN_TOLD_MS = 60_000;
const IDLE_MS = 5_000;
/** Between two looks for a project that does not exist yet: nobody tells of its first trace. */
const AWAITED_MS = 5_000;
/** Rounds of judging side by side: one claims or is written down, by the database or its writing thread, while the other computes. */
const JUDGE_LANES = 2;
/** How often closed windows are looked for and alert rules evaluated. */
const LEARN_MS = 60_000;
/** How often remedies are looked at, for decisions taken elsewhere; and how long one that waits for more is left alone. */
const REMEDY_MS = 10_000;
const REMEDY_PATIENCE_MS = 10 * 60_000;

/** Sweeps, judges, learns, remedies and delivers until stopped: pumps that wake each other. */
export async function watch(loop: OpenLoop, options: ResolvedLoopOptions, emitter: LoopEmitter): Promise<Watch> {
  const { store, platform, loopId } = loop;
  const pollMs = options.pollMs ?? defaultPollMs(platform);
  const touched = new Map<string, TraceHead>();
  let lastSweepAt: number | null = null;
  let project: {
    id: string;
    sweeps: () => Promise<void>;
    tail: Tail | null;
    judge: ReturnType<typeof createJudge>;
    converse: ReturnType<typeof createConversationJudge>;
    unsubscribe?: (() => void) | undefined;
  } | null = null;

  async function openProject(): Promise<typeof project> {
    const id = await findProject(platform, options);
    if (id === null) return null;
    const deps = { ...loop, projectId: id, options, emitter, onDeliveries: () => deliverPump.wake() };
    const judge = createJudge(deps);
    const converse = createConversationJudge(deps);
    // Subscribed before the first sweep: what changes in between is found by both, never by neither.
    const unsubscribe = platform.subscribe?.({
      projectId: id,
      onChange: (heads) => {
        for (const head of heads) touched.set(head.traceId, head);
        noticePump.wake();
      },
    });
    const tail = platform.reportsChanges ? null : createTail(deps);
    const sweeps = tail ? tail.poll : createSweeps(deps);
    return (project = { id, sweeps, tail, judge, converse, unsubscribe });
  }

  const untilDue = async (due: Promise<number | null>): Promise<number | null> => {
    const at = await due;
    return at === null ? null : at - store.now();
  };
  const deliverPump = new Pump({
    run: createDeliverer({ ...loop, options, emitter }),
    idleMs: IDLE_MS,
    untilDueMs: () => untilDue(store.deliveryNextDue({ loopId })),
    onError: (error) => emitter.emit("error", { error, during: "deliver" }),
  });
  const judgePumps = Array.from(
    { length: JUDGE_LANES },
    () =>
      new Pump({
        run: async (signal, stopping) => (project ? project.judge(signal, { stopping }) : 0),
        idleMs: IDLE_MS,
        untilDueMs: () => untilDue(store.ledgerNextDue({ loopId })),
        onError: (error) => emitter.emit("error", { error, during: "judge" }),
      }),
  );
  const conversationPump = new Pump({
    run: async (signal, stopping) => (project ? project.converse(signal, { stopping }) : 0),
    idleMs: IDLE_MS,
    untilDueMs: () => untilDue(nextConversationDue({ store, loopId, options })),
    onError: (error) => emitter.emit("error", { error, during: "judge" }),
  });
  const talkPumps = options.conversations.length > 0 ? [conversationPump] : [];
  const onSweepError = (error: unknown): void => emitter.emit("error", { error, during: "sweep" });
  // Beside the sweeps: one over hours of traces takes seconds, and what has just come must not wait for it.
  const noticePump = new Pump({
    run: async () => {
      if (!project || touched.size === 0) return 0;
      const heads = [...touched.values()];
      touched.clear();
      try {
        await enrol({ ...loop, projectId: project.id, options }, heads);
      } catch (error) {
        for (const head of heads) if (!touched.has(head.traceId)) touched.set(head.traceId, head);
        throw error;
      }
      for (const pump of judgePumps) pump.wake();
      return touched.size;
    },
    idleMs: pollMs,
    onError: onSweepError,
  });
  const sweepPump = new Pump({
    run: async () => {
      const opened = project ?? (await openProject());
      if (!opened) return 0;
      noticePump.wake();
      const now = store.now();
      await opened.sweeps();
      lastSweepAt = now;
      for (const pump of judgePumps) pump.wake();
      return 0;
    },
    idleMs: pollMs,
    untilDueMs: () => Promise.resolve(project ? null : AWAITED_MS),
    onError: onSweepError,
  });

  const window = createPatternWindow(store, loopId);
  const remedies = loopRemedies(loop, options, emitter);
  const remedyPump = new Pump({
    run: async (signal) => {
      await remedies.run({ signal, patienceMs: REMEDY_PATIENCE_MS });
      return 0;
    },
    idleMs: REMEDY_MS,
    onError: (error) => emitter.emit("error", { error, during: "remedy" }),
  });

  const stopServing = sharedAbort();
  const onError = (error: unknown): void => emitter.emit("error", { error, during: "learn" });
  const serving = store.capabilities.concurrentClaims
    ? serveShares(store, { signal: stopServing.signal, onError })
    : Promise.resolve();
  const learnPump = new Pump({
    run: async () => {
      await loop.history.flush();
      const { learn: learnOptions, alerts } = options;
      if (learnOptions) await learn({ store, loopId, emitter, alerts, options: learnOptions, window });
      else await evaluateRulesAlone({ store, loopId, emitter, alerts });
      const { throttle: policy } = options;
      const destinations = Object.keys(options.destinations);
      if (policy) await makeDigests({ store, loopId, policy, destinations });
      deliverPump.wake();
      remedyPump.wake();
      return 0;
    },
    idleMs: Math.min(LEARN_MS, options.throttle?.digestMs || LEARN_MS),
    onError: (error) => emitter.emit("error", { error, during: "learn" }),
  });

  if (!options.waitForProject) await openProject();
  await loop.register();
  const heartbeat = startHeartbeat(store, loopId, {
    lastSweepAt: () => lastSweepAt,
    paused: () => loop.breaker.pauses(),
    onError: onSweepError,
  });
  const pumps = [sweepPump, noticePump, ...judgePumps, ...talkPumps, learnPump];
  for (const pump of [...pumps, deliverPump]) pump.start();
  if (options.remedies.length > 0) remedyPump.start();
  return {
    get lastSweepAt() {
      return lastSweepAt;
    },
    async stop(timeoutMs) {
      project?.unsubscribe?.();
      // All at once, so that none takes up more while another finishes. An experiment may take hours, and loses nothing.
      await Promise.all([remedyPump.stop(0), ...pumps.map((pump) => pump.stop(timeoutMs))]);
      // Last, so that what the others hand over is still taken.
      await deliverPump.stop(timeoutMs);
      await project?.tail?.close().catch(() => undefined);
      await heartbeat.stop();
      stopServing.abort();
      await serving;
      await loop.history.flush();
    },
  };
}

/** A server tells of what it took in itself; into a database that processes share, others take in traces too. */
function defaultPollMs({ subscribe, store, reportsChanges }: Platform): number {
  if (subscribe && !store?.capabilities.concurrentClaims) return POLL_WHEN_TOLD_MS;
  return reportsChanges ? POLL_STORE_MS : POLL_MS;
}
