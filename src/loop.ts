import { calibrateJudge, type JudgeCalibration, type JudgeCalibrationOptions } from "./loop/calibrate-judge.ts";
import { confirmCulprit } from "./loop/confirm-culprit.ts";
import { dryRun, type DryRunReport } from "./loop/dry-run.ts";
import { createEmitter, type LoopEventName, type LoopEvents } from "./loop/events.ts";
import { explainIssue, type IssueDetails } from "./loop/explain-issue.ts";
import { actOnIssue, findIssue, loopIssues, type IssueAction, type IssuesOptions } from "./loop/loop-issues.ts";
import { actOnAlert, type AlertAction } from "./loop/act-on-alert.ts";
import { loopAlerts, previewOnHistory, testAlert, type AlertStatus } from "./loop/loop-alerts.ts";
import {
  loopDeliveries,
  replayDeliveries,
  type DeliveriesOptions,
  type ReplayOptions,
} from "./loop/loop-deliveries.ts";
import { loopPatterns, type LoopPatternReport, type PatternsOptions } from "./loop/loop-patterns.ts";
import { loopStatus, type LoopStatus } from "./loop/loop-status.ts";
import { openLoop, type OpenLoop } from "./loop/open-loop.ts";
import type { FeedbackLoopOptions } from "./loop/options.ts";
import { processResults, type ProcessSummary } from "./loop/process/process-results.ts";
import type { ExperimentRows } from "./loop/process/process-rows.ts";
import { planBackfill, type BackfillPlan } from "./loop/plan-backfill.ts";
import { loopRemedies, type LoopRemedies } from "./loop/remedy/loop-remedies.ts";
import { resolveOptions } from "./loop/resolve-options.ts";
import { retireLoop, type Retirement } from "./loop/retire-loop.ts";
import { runThrough, type RunOptions, type RunSummary } from "./loop/run-through.ts";
import { watch, type Watch } from "./loop/watch.ts";
import { watchThresholdKeys } from "./loop/watch-threshold-keys.ts";
import { resolveSince } from "./loop/window.ts";
import type { AlertPreview } from "./alert/preview-alert.ts";
import type { AlertRule } from "./model/alert.ts";
import type { Delivery } from "./model/delivery.ts";
import { errorMessage } from "./model/errors.ts";
import type { FollowedPattern } from "./model/issue.ts";

export interface BackfillOptions extends RunOptions {
  /** The earliest start of a trace: a length back (`"7d"`), a date, or epoch ms. */
  since: string | number | Date;
  /** The same for the latest start of a trace. @default no end */
  until?: string | number | Date;
  /** Traces judged at most; those judged before do not count, so that calling again takes the next ones. @default all */
  limit?: number;
  /**
   * Also judge those again whose evaluators failed (verdict `error`), under a new revision. Nothing was sent about them, so
   * nothing is sent twice. @default false
   */
  errors?: boolean;
}

/** Evaluator, threshold and actions over a project. Made by {@link createFeedbackLoop}. */
export interface FeedbackLoop extends AsyncDisposable {
  readonly name: string;
  readonly projectName: string;
  /** Watches the project until {@link stop}. Resolves once it runs. */
  start(): Promise<void>;
  /** Lets what is in hand finish, at most `timeoutMs` (default 10 s); what did not is resumed by the next start. */
  stop(options?: { timeoutMs?: number }): Promise<void>;
  /**
   * Judges every ended trace of the look-back window that was not judged yet, delivers, and returns. Digests of notifications
   * wait for no more matches; what the throttle's cooldown or ceiling holds back is told by a later run.
   */
  runOnce(options?: RunOptions & Pick<BackfillOptions, "limit">): Promise<RunSummary>;
  /** The same for any range of the past. Resumes where it was cut off when called again. */
  backfill(options: BackfillOptions): Promise<RunSummary>;
  /** What that would do and cost at most. Reads some of the traces, calls no evaluator, writes nothing. */
  planBackfill(options: Omit<BackfillOptions, "settleMs" | "onProgress">): Promise<BackfillPlan>;
  /**
   * Takes an experiment through blame, decide, act and learn: what LangSmith's `evaluate()` returned, or the experiment's
   * name on the platform. The scores are the experiment's own. May be repeated; what is known is left alone.
   */
  process(results: ExperimentRows | string): Promise<ProcessSummary>;
  /** The remedies declared beside it, and those of earlier runs. See docs/remedy.md. */
  readonly remedies: LoopRemedies;
  /**
   * What the loop would have done over a stretch of the past. Evaluators and `onFailure` run; nothing is written or sent.
   * @param options.limit traces judged at most, default 100
   */
  dryRun(options: Omit<BackfillOptions, "settleMs" | "onProgress" | "errors">): Promise<DryRunReport>;
  /** Where the project's traces stand, what was decided and sent, and who works on it; counts are of all time. */
  status(): Promise<LoopStatus>;
  /** Stops, and takes the loop out of use: what waits for it ends, its verdicts stay. Running it again brings it back. */
  retire(): Promise<Retirement>;
  /** What the failures of a window have in common. */
  patterns(options?: PatternsOptions): Promise<LoopPatternReport>;
  /** How often the verdicts agree with people; its `judge` is what `patterns` corrects risk ratios with. */
  calibration(options: JudgeCalibrationOptions): Promise<JudgeCalibration>;
  /** The patterns followed over time, the most recently changed first. */
  issues(options?: IssuesOptions): Promise<FollowedPattern[]>;
  /** One of them, by its id or an unambiguous beginning, with its rate, exemplar traces and query. */
  issue(id: string): Promise<{ issue: FollowedPattern } & IssueDetails>;
  /** Assigns, notes, mutes, links or merges an issue; `who` goes into its history. */
  actOnIssue(id: string, action: IssueAction, who: string): Promise<FollowedPattern>;
  /**
   * Says which span really was the culprit of a judged trace: the one that was named (no `spanId`), or another. From about
   * twenty confirmations on a ranker of the project's own decides, where it does at least as well on held-out ones.
   */
  confirmCulprit(traceId: string, spanId?: string): Promise<{ confirmations: number }>;
  /** The loop's alert rules, and how each stands. */
  alerts(): Promise<AlertStatus[]>;
  /** Mutes or unmutes one of its alert rules, or lets it learn what is normal anew. */
  actOnAlert(name: string, action: AlertAction): Promise<AlertStatus>;
  /** Sends a test message to the destinations of one of the loop's alert rules. */
  testAlert(name: string): Promise<Delivery[]>;
  /**
   * What an alert rule would have told of the past, before it is switched on.
   * @param options.since a length back (`"7d"`), a date, or epoch ms
   * @param options.everyMs how often it would have been evaluated, default 10 minutes
   */
  previewAlert(rule: AlertRule, options: { since: string | number | Date; everyMs?: number }): Promise<AlertPreview>;
  /** What the loop sends where, with attempts and errors, the newest first. */
  deliveries(options?: DeliveriesOptions): Promise<Delivery[]>;
  /** Sends dead (or otherwise finished) deliveries again, under the same ids. Returns how many. */
  replay(options?: ReplayOptions): Promise<number>;
  /** Returns how to stop listening. */
  on<N extends LoopEventName>(name: N, listener: (event: LoopEvents[N]) => void): () => void;
}

/**
 * The product on one page: settle, evaluate, blame, decide, act, learn, in that order for every trace of a project.
 * `loop/tail/` settles, `loop/judge/` evaluates, `loop/decide.ts` blames and decides, `loop/deliver.ts` acts, `loop/learn/`
 * learns.
 *
 * @throws LoopsmithError `invalid` when an option is missing or out of range; `start` and `runOnce` throw `not_found` for
 * an unknown project, `unauthorized`, or `unavailable` when the platform cannot be reached
 */
export function createFeedbackLoop<C extends object = object>(typed: FeedbackLoopOptions<C>): FeedbackLoop {
  const options = typed as unknown as FeedbackLoopOptions;
  const resolved = resolveOptions(options);
  const emitter = createEmitter();
  let opening: Promise<OpenLoop> | null = null;
  let watching: Promise<Watch> | null = null;
  let opened: LoopRemedies | null = null;
  let lastError: LoopStatus["lastError"] = null;
  /** The store's clock, on which whatever else a loop tells is timed; nothing is told before it is open. */
  let now: () => number = Date.now;
  emitter.on("error", ({ error }) => {
    lastError = { at: now(), message: errorMessage(error) };
  });

  const tellMissingKeys = watchThresholdKeys(emitter, resolved.threshold);

  /** Opened on first use, and again after a stop; a failure is not remembered. */
  const open = (): Promise<OpenLoop> => (opening ??= openNow());

  async function openNow(): Promise<OpenLoop> {
    try {
      const loop = await openLoop(options, resolved);
      now = () => loop.store.now();
      return loop;
    } catch (error) {
      opening = null;
      throw error;
    }
  }

  const remedies = async (): Promise<LoopRemedies> => (opened ??= loopRemedies(await open(), resolved, emitter));

  async function stop({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const current = watching;
    watching = null;
    await (await current?.catch(() => null))?.stop(timeoutMs);
    const loop = await opening?.catch(() => null);
    opening = null;
    opened = null;
    await loop?.close();
  }

  const loop: FeedbackLoop = {
    name: resolved.name,
    projectName: resolved.projectName,
    async start() {
      watching ??= open().then((opened) => watch(opened, resolved, emitter));
      try {
        await watching;
      } catch (error) {
        watching = null;
        throw error;
      }
    },
    stop,
    async runOnce(run = {}) {
      const { store } = await open();
      return loop.backfill({ ...run, since: store.now() - resolved.lookbackMs });
    },
    async backfill({ since, until, ...run }) {
      const opened = await open();
      const range = { ...run, ...rangeOf(since, until, opened.store.now()) };
      const summary = await runThrough(opened, resolved, emitter, range);
      tellMissingKeys();
      return summary;
    },
    async planBackfill({ since, until, ...run }) {
      const opened = await open();
      return planBackfill(opened, resolved, { ...run, ...rangeOf(since, until, opened.store.now()) });
    },
    process: async (results) => processResults(await open(), resolved, emitter, results),
    remedies: {
      list: async () => (await remedies()).list(),
      get: async (id) => (await remedies()).get(id),
      plan: async (filter) => (await remedies()).plan(filter),
      run: async (run) => (await remedies()).run(run),
      decide: async (...args) => (await remedies()).decide(...args),
      assign: async (...args) => (await remedies()).assign(...args),
      observeTraffic: async (...args) => (await remedies()).observeTraffic(...args),
    },
    async dryRun({ since, until, limit }) {
      const opened = await open();
      return dryRun(opened, resolved, {
        ...rangeOf(since, until, opened.store.now()),
        ...(limit === undefined ? {} : { limit }),
      });
    },
    async status() {
      const { store, loopId } = await open();
      const current = await watching?.catch(() => null);
      const live = { running: Boolean(current), lastSweepAt: current?.lastSweepAt ?? null, lastError };
      const { name, projectName, budgets } = resolved;
      return loopStatus(store, { id: loopId, name, projectName, budgets }, live);
    },
    async retire() {
      await stop();
      const { store, loopId } = await open();
      return retireLoop(store, { id: loopId, name: resolved.name });
    },
    async patterns(mining) {
      const { store, loopId } = await open();
      return loopPatterns(store, loopId, mining);
    },
    async calibration(labels) {
      return calibrateJudge(await open(), labels);
    },
    async issues(filter) {
      const { store, loopId } = await open();
      return loopIssues(store, loopId, filter);
    },
    async issue(id) {
      const { store, loopId } = await open();
      const issue = await findIssue(store, loopId, id);
      return { issue, ...(await explainIssue(store, loopId, issue)) };
    },
    async actOnIssue(id, action, who) {
      const { store, loopId } = await open();
      return actOnIssue(store, loopId, id, action, who);
    },
    async confirmCulprit(traceId, spanId) {
      return confirmCulprit(await open(), traceId, spanId);
    },
    async alerts() {
      const { store, loopId } = await open();
      return loopAlerts(store, loopId, resolved.alerts);
    },
    async actOnAlert(name, action) {
      const { store, loopId } = await open();
      return actOnAlert(store, loopId, resolved.alerts, name, action);
    },
    async testAlert(name) {
      const { store, loopId } = await open();
      return testAlert(store, loopId, resolved.alerts, name);
    },
    async previewAlert(rule, { since, everyMs }) {
      const { store, loopId } = await open();
      const range = { from: resolveSince(since, store.now()), to: store.now() };
      return previewOnHistory(store, loopId, rule, { ...range, ...(everyMs !== undefined && { everyMs }) });
    },
    async deliveries(options) {
      const { store, loopId } = await open();
      return loopDeliveries(store, loopId, options);
    },
    async replay(options) {
      const { store, loopId } = await open();
      return replayDeliveries(store, loopId, options);
    },
    on: (name, listener) => emitter.on(name, listener),
    [Symbol.asyncDispose]: () => stop(),
  };
  return loop;
}

function rangeOf(
  since: BackfillOptions["since"],
  until: BackfillOptions["until"],
  now: number,
): { startFrom: number; startTo?: number } {
  return {
    startFrom: resolveSince(since, now),
    ...(until === undefined ? {} : { startTo: resolveSince(until, now) }),
  };
}
