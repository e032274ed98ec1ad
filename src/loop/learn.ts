import { notifyActions } from "../alert/notification.ts";
import { resumeAlert } from "../alert/evaluate-alert.ts";
import { evaluateAlerts } from "../alert/evaluate-alerts.ts";
import type { AlertNotification, AlertRule, AlertState } from "../model/alert.ts";
import type { Delivery } from "../model/delivery.ts";
import { stableId } from "../model/id.ts";
import type { FollowedPattern, IssueEvent } from "../model/issue.ts";
import type { JsonObject } from "../model/json.ts";
import type { FeatureRow } from "../model/pattern.ts";
import { minePatterns } from "../pattern/mine-patterns.ts";
import { observeRows } from "../pattern-life/exposure.ts";
import { followPattern, seePattern } from "../pattern-life/follow-pattern.ts";
import { findFollowed } from "../pattern-life/identity.ts";
import type { LifeOptions } from "../pattern-life/life-options.ts";
import { observeWindows } from "../pattern-life/observe-window.ts";
import type { Store } from "../store/store.ts";
import { alertInput } from "./alert-input.ts";
import type { LoopEmitter } from "./events.ts";
import { featureRows } from "./loop-patterns.ts";

export interface LearnOptions {
  /** Length of the windows in which followed patterns are counted. @default 1 h */
  windowMs?: number;
  /** What is mined for new patterns at the end of each window. @default 24 h */
  mineMs?: number;
  /** How long after its end a window waits for late verdicts. @default 5 min */
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
}

interface LearnState {
  /** End of the newest window that was counted, epoch ms. */
  observedTo: number | null;
  /** End of the newest window that was mined. */
  minedTo: number | null;
  /** When the alert rules were last evaluated. */
  alertedAt: number | null;
  alerts: Record<string, AlertState>;
}

const HOUR = 3_600_000;
const DEFAULTS = { windowMs: HOUR, mineMs: 24 * HOUR, graceMs: 5 * 60_000 };
/** Windows caught up at once after a long stop; older ones stay uncounted rather than late. */
const MAX_CATCH_UP = 24 * 14;

/**
 * One round of learning: counts every window that has closed since the last round for the issues followed, mines for new
 * patterns, evaluates the alert rules, and writes all of it, with the deliveries it leads to, in one transaction. When
 * another worker was faster, nothing is written.
 *
 * @param now with `mineNow` also the end of a last, open window: what a finite run wants to know at its end
 */
export async function learn(deps: LearnDeps, { mineNow = false }: { mineNow?: boolean } = {}): Promise<IssueEvent[]> {
  const { store, loopId, alerts } = deps;
  const { windowMs, mineMs, graceMs, life } = { ...DEFAULTS, life: {}, ...deps.options };
  const now = store.now();
  const { version, state: stored } = await store.learningGet({ loopId });
  const state = readState(stored);
  let issues = await store.issueList({ loopId });
  const before = new Map(issues.map((issue) => [issue.id, issue]));
  const events: IssueEvent[] = [];

  const lastClosed = Math.floor((now - graceMs) / windowMs) * windowMs;
  const firstOpen = Math.max(state.observedTo ?? lastClosed, lastClosed - MAX_CATCH_UP * windowMs);
  for (let from = firstOpen; from < lastClosed; from += windowMs) {
    const counted = countWindow(
      issues,
      await featureRows(store, loopId, { from, to: from + windowMs }),
      from,
      from + windowMs,
    );
    const step = observeWindows(counted.observed, life);
    issues = [...step.issues, ...counted.untouched];
    events.push(...step.events);
  }
  state.observedTo = Math.max(state.observedTo ?? 0, lastClosed);

  const mineTo = mineNow ? now : lastClosed;
  if (mineNow || state.minedTo === null || mineTo > state.minedTo) {
    const window = { from: mineTo - mineMs, to: mineTo + (mineNow ? 1 : 0) };
    const mined = followMined(issues, await featureRows(store, loopId, window), window, life);
    issues = mined.issues;
    events.push(...mined.events);
    state.minedTo = mineTo;
  }

  const notifications: AlertNotification[] = [];
  if (alerts.length > 0) {
    const input = await alertInput(store, loopId, { from: state.alertedAt ?? now, to: now }, events);
    const members = alerts.map((rule) => ({ rule, state: resumeAlert(rule, state.alerts[rule.name], now), input }));
    for (const [index, step] of evaluateAlerts(members, now).entries()) {
      const rule = alerts[index] as AlertRule;
      state.alerts[rule.name] = step.state;
      notifications.push(...step.notifications);
    }
    state.alertedAt = now;
  }

  const changed = issues.filter((issue) => before.get(issue.id) !== issue);
  const recorded = await store.learningRecord({
    loopId,
    version,
    state: state as unknown as JsonObject,
    issues: changed,
    deliveries: notifications.flatMap((notification) => toDeliveries(notification, loopId, now)),
  });
  if (!recorded) return [];
  for (const event of events) {
    deps.emitter.emit("pattern:changed", { event });
    if (event.type === "pattern:new" || event.type === "pattern:regressed") deps.emitter.emit(event.type, { event });
  }
  for (const notification of notifications) deps.emitter.emit("alert:notified", { notification });
  return events;
}

/** Each issue sees the part of the window that lies behind what it has counted. */
function countWindow(
  issues: readonly FollowedPattern[],
  rows: readonly FeatureRow[],
  from: number,
  to: number,
): { observed: Parameters<typeof observeWindows>[0]; untouched: FollowedPattern[] } {
  const fresh = issues.filter((issue) => issue.observedTo < to);
  return {
    observed: fresh.map((issue) => ({
      issue,
      seen: observeRows(issue, rows, { from: Math.max(from, issue.observedTo), to }),
    })),
    untouched: issues.filter((issue) => issue.observedTo >= to),
  };
}

function followMined(
  issues: readonly FollowedPattern[],
  rows: readonly FeatureRow[],
  window: { from: number; to: number },
  life: LifeOptions,
): { issues: FollowedPattern[]; events: IssueEvent[] } {
  const followed = new Map(issues.map((issue) => [issue.id, issue]));
  const events: IssueEvent[] = [];
  for (const pattern of minePatterns(rows, { window }).patterns) {
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

function readState(stored: JsonObject): LearnState {
  const { observedTo, minedTo, alertedAt, alerts } = stored;
  const time = (value: unknown): number | null => (typeof value === "number" ? value : null);
  return {
    observedTo: time(observedTo),
    minedTo: time(minedTo),
    alertedAt: time(alertedAt),
    alerts: { ...(alerts as unknown as Record<string, AlertState> | undefined) },
  };
}
