import type { AlertInput, AlertNotification, AlertRule, AlertState, AlertTransition } from "../model/alert.ts";
import { evaluateAlert, startAlert } from "./evaluate-alert.ts";

/** What a rule would have done. */
export interface AlertPreview {
  notifications: AlertNotification[];
  transitions: AlertTransition[];
  /** How often it fired, and for how long in all. */
  fired: number;
  firingMs: number;
  /** The state to go on from, should the rule be kept. */
  state: AlertState;
}

/** Replays history against a rule, before it is switched on. `series` is in order of time; each input covers the time since the last. */
export function previewAlert(
  rule: AlertRule,
  series: Iterable<{ at: number; input: AlertInput }>,
  startAt: number,
): AlertPreview {
  let state = startAlert(rule, startAt);
  const notifications: AlertNotification[] = [];
  const transitions: AlertTransition[] = [];
  let firingMs = 0;
  for (const { at, input } of series) {
    if (state.phase === "firing") firingMs += at - state.evaluatedAt;
    const step = evaluateAlert(rule, state, input, at);
    notifications.push(...step.notifications);
    transitions.push(...step.transitions);
    state = step.state;
  }
  return { notifications, transitions, fired: state.episode, firingMs, state };
}
