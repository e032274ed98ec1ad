import { notifyActions } from "../alert/notification.ts";
import { resumeAlert } from "../alert/evaluate-alert.ts";
import { evaluateAlerts } from "../alert/evaluate-alerts.ts";
import type { AlertNotification, AlertRule } from "../model/alert.ts";
import type { Delivery } from "../model/delivery.ts";
import { stableId } from "../model/id.ts";
import type { FollowedPattern, IssueEvent } from "../model/issue.ts";
import type { JsonObject } from "../model/json.ts";
import type { FeatureRow, Pattern } from "../model/pattern.ts";
import { followPattern, seePattern } from "../pattern-life/follow-pattern.ts";
import { findFollowed } from "../pattern-life/identity.ts";
import type { LifeOptions } from "../pattern-life/life-options.ts";
import type { BucketChanges } from "../store/resource/bucket.ts";
import type { Store } from "../store/store.ts";
import { absorb } from "./absorb.ts";
import { alertInput } from "./alert-input.ts";
import { addLate, countWindow } from "./count-windows.ts";
import type { LoopEmitter } from "./events.ts";
import { learnablePages } from "./hourly-buckets.ts";
import { readLearnState, type LearnState } from "./learn-state.ts";
import { readLoopCodebook } from "./loop-codebook.ts";
import { createPatternWindow, type PatternWindow } from "./pattern-window.ts";

export interface LearnOptions {
  /** Length of the windows in which followed patterns are counted. @default 1 h */
  windowMs?: number;
  /** What is mined for new patterns at the end of each window. @default 24 h */
  mineMs?: number;
  /** How long after its end a window waits before it is counted; what comes later is counted with the next one. @default 5 min */
  graceMs?: number;
  /** How states are decided; see docs/issues.md. */
  life?: LifeOptions;
}

export interface LearnDeps {
  store: Store;
  loopId: string;
  emitter: LoopEmitter;
  alerts: readonly AlertRule[];
  options: LearnOptions;
  /** Kept from round to round, so that only what changed is read again. @default a fresh one */
  window?: PatternWindow;
}

const HOUR = 3_600_000;
const DEFAULTS = { windowMs: HOUR, mineMs: 24 * HOUR, graceMs: 5 * 60_000 };
/** Windows caught up at once after a long stop; older ones stay uncounted rather than late. */
const MAX_CATCH_UP = 24 * 14;

/**
 * One round of learning: takes new verdicts into the hourly buckets, counts every window that has closed since the last round
 * for the issues followed, mines the buckets for new patterns, evaluates the alert rules, and writes all of it, with the
 * deliveries it leads to, in one transaction (one more for each few thousand verdicts taken in). When another worker was
 * faster, nothing is written.
 *
 * @param now with `mineNow` also the end of a last, open window: what a finite run wants to know at its end
 */
export async function learn(deps: LearnDeps, { mineNow = false }: { mineNow?: boolean } = {}): Promise<IssueEvent[]> {
  const { store, loopId, alerts, window = createPatternWindow(store, loopId) } = deps;
  const { windowMs, mineMs, graceMs, life } = { ...DEFAULTS, life: {}, ...deps.options };
  const now = store.now();
  const stored = await store.learningGet({ loopId });
  let version = stored.version;
  const state = readLearnState(stored.state);
  let issues = await store.issueList({ loopId });
  const before = new Map(issues.map((issue) => [issue.id, issue]));
  const events: IssueEvent[] = [];

  const record = async (
    changed: readonly FollowedPattern[],
    buckets: BucketChanges,
    deliveries: readonly Delivery[] = [],
  ): Promise<boolean> => {
    const written = await store.learningRecord({
      loopId,
      version,
      state: state as unknown as JsonObject,
      issues: changed,
      buckets,
      deliveries,
    });
    version += 1;
    return written;
  };

  for (let changes; (changes = await absorb(store, loopId, state.sinceCodebook)) !== null;) {
    state.sinceCodebook = changes.codebook ? 0 : state.sinceCodebook + changes.learned.length;
    state.late = addLate(state.late, issues, changes.learned);
    if (!(await record([], changes))) return [];
  }

  const lastClosed = Math.floor((now - graceMs) / windowMs) * windowMs;
  const firstOpen = Math.max(state.observedTo ?? lastClosed, lastClosed - MAX_CATCH_UP * windowMs);
  for (let from = firstOpen; from < lastClosed; from += windowMs) {
    const closed = { from, to: from + windowMs };
    const rows: FeatureRow[] = [];
    if (issues.length > 0) {
      for await (const page of learnablePages(store, loopId, { ...closed, learned: true })) rows.push(...page);
    }
    const step = countWindow(issues, rows, closed, state.late, life);
    state.late = {};
    issues = step.issues;
    events.push(...step.events);
  }
  state.observedTo = Math.max(state.observedTo ?? 0, lastClosed);

  const mineTo = mineNow ? now : lastClosed;
  const writes: BucketChanges["writes"][number][] = [];
  const codebook = await readLoopCodebook(store, loopId);
  if (mineNow || state.minedTo === null || mineTo > state.minedTo) {
    if (codebook) {
      const stretch = { from: mineTo - mineMs, to: mineTo + (mineNow ? 1 : 0) };
      const { report, rebuilt } = await window.mine(codebook, stretch, { learned: true });
      const mined = followMined(issues, report.patterns, stretch, life);
      issues = mined.issues;
      events.push(...mined.events);
      writes.push(...rebuilt);
    }
    state.minedTo = mineTo;
  }

  const notifications = await evaluate(state, { store, loopId, alerts, now, events });
  const recorded = await record(
    issues.filter((issue) => before.get(issue.id) !== issue),
    { writes, learned: [] },
    notifications.flatMap((notification) => toDeliveries(notification, loopId, now)),
  );
  if (!recorded) return [];
  for (const event of events) {
    deps.emitter.emit("pattern:changed", { event });
    if (event.type === "pattern:new" || event.type === "pattern:regressed") deps.emitter.emit(event.type, { event });
  }
  for (const notification of notifications) deps.emitter.emit("alert:notified", { notification });
  return events;
}

/** Brings the state of the alert rules up to date; what they have to tell is returned. */
async function evaluate(
  state: LearnState,
  {
    store,
    loopId,
    alerts,
    now,
    events,
  }: Pick<LearnDeps, "store" | "loopId" | "alerts"> & { now: number; events: readonly IssueEvent[] },
): Promise<AlertNotification[]> {
  if (alerts.length === 0) return [];
  const input = await alertInput(store, loopId, { from: state.alertedAt ?? now, to: now }, events);
  const members = alerts.map((rule) => ({ rule, state: resumeAlert(rule, state.alerts[rule.name], now), input }));
  const steps = evaluateAlerts(members, now);
  for (const [index, step] of steps.entries()) state.alerts[(alerts[index] as AlertRule).name] = step.state;
  state.alertedAt = now;
  return steps.flatMap((step) => step.notifications);
}

function followMined(
  issues: readonly FollowedPattern[],
  patterns: readonly Pattern[],
  window: { from: number; to: number },
  life: LifeOptions,
): { issues: FollowedPattern[]; events: IssueEvent[] } {
  const followed = new Map(issues.map((issue) => [issue.id, issue]));
  const events: IssueEvent[] = [];
  for (const pattern of patterns) {
    const known = findFollowed([...followed.values()], pattern.predicates);
    const step = known ? seePattern(known, pattern, window) : followPattern(pattern, window, life);
    followed.set(step.state.id, step.state);
    events.push(...step.events);
  }
  return { issues: [...followed.values()], events };
}

/** Alerts go out as deliveries like everything else: stable ids, retries, dead letters. */
function toDeliveries(notification: AlertNotification, loopId: string, now: number): Delivery[] {
  return notifyActions(notification).map((action) => ({
    id: stableId("alert-delivery", notification.id, action.destination),
    loop: loopId,
    traceId: "",
    revision: 1,
    action,
    context: { alert_id: notification.id },
    spanId: "",
    state: "pending",
    attempts: 0,
    createdAt: now,
    nextAttemptAt: now,
    deliveredAt: null,
    lastError: null,
  }));
}
