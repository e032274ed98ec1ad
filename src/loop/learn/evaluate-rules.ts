import { resumeAlert } from "../../alert/evaluate-alert.ts";
import { evaluateAlerts } from "../../alert/evaluate-alerts.ts";
import type { AlertNotification, AlertRule } from "../../model/alert.ts";
import type { IssueEvent } from "../../model/issue.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Store } from "../../store/store.ts";
import type { LoopEmitter } from "../events.ts";
import { alertDeliveries, withClusterSize } from "../loop-alerts.ts";
import { alertInput } from "./alert-input.ts";
import { clusterSizeOf } from "./cluster-size.ts";
import { readLearnState, type LearnState } from "./learn-state.ts";

const HOUR = 3_600_000;

export interface RuleDeps {
  store: Store;
  loopId: string;
  alerts: readonly AlertRule[];
  /** Epoch ms that the very first evaluation looks back to: the begin of a finite run, which has no earlier round. @default now */
  alertsFrom?: number | undefined;
}

/** How many runs of a cluster stand for one is estimated once an hour. */
export async function updateClusterSize(state: LearnState, { store, loopId }: RuleDeps, now: number): Promise<number> {
  if (state.clusterSize === null || now - state.clusterSize.at >= HOUR) {
    state.clusterSize = { at: now, size: await clusterSizeOf(store, loopId) };
  }
  return state.clusterSize.size;
}

/** Brings the state of the alert rules up to date; what they have to tell is returned. */
export async function evaluateRules(
  state: LearnState,
  { store, loopId, alerts, alertsFrom, now, events }: RuleDeps & { now: number; events: readonly IssueEvent[] },
): Promise<AlertNotification[]> {
  if (alerts.length === 0) return [];
  const rules = withClusterSize(alerts, state.clusterSize?.size ?? 1);
  const from = state.alertedAt ?? Math.min(alertsFrom ?? now, now);
  const input = await alertInput(store, loopId, { from, to: now }, { patterns: events });
  const members = rules.map((rule) => ({ rule, state: resumeAlert(rule, state.alerts[rule.name], from), input }));
  const steps = evaluateAlerts(members, now);
  for (const [index, step] of steps.entries()) state.alerts[(alerts[index] as AlertRule).name] = step.state;
  state.alertedAt = now;
  return steps.flatMap((step) => step.notifications);
}

/** One round of the alert rules for a loop that learns nothing. When another worker was faster, nothing is written. */
export async function evaluateRulesAlone(deps: RuleDeps & { emitter: LoopEmitter }): Promise<void> {
  const { store, loopId, emitter } = deps;
  if (deps.alerts.length === 0) return;
  const now = store.now();
  const stored = await store.learningGet({ loopId });
  const state = readLearnState(stored.state);
  await updateClusterSize(state, deps, now);
  const notifications = await evaluateRules(state, { ...deps, now, events: [] });
  const written = await store.learningRecord({
    loopId,
    version: stored.version,
    state: state as unknown as JsonObject,
    issues: [],
    buckets: { writes: [], learned: [] },
    deliveries: await alertDeliveries(store, loopId, notifications, now),
  });
  if (!written) return;
  for (const notification of notifications) emitter.emit("alert:notified", { notification });
}
