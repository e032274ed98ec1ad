import type { AlertNotification, AlertPhase, AlertState, AlertTransition } from "../model/alert.ts";
import type { ResolvedAlertRule } from "./alert-rule.ts";
import { notification } from "./notification.ts";

/** What one evaluation changed. Store the state, record the transitions, deliver the notifications: in one transaction. */
export interface AlertStep {
  state: AlertState;
  transitions: AlertTransition[];
  /** To go out. What muting held back is counted in the state and mentioned by the next one. */
  notifications: AlertNotification[];
}

/** What all messages of one evaluation have in common. */
export interface Context extends Pick<AlertNotification, "severity" | "data"> {
  rule: ResolvedAlertRule;
  now: number;
}

/** Changes the phase, and records it if it is another one. */
export function move(
  step: AlertStep,
  to: AlertPhase,
  why: string,
  now: number,
  changes: Partial<AlertState> = {},
): AlertStep {
  const { rule, phase: from, since } = step.state;
  const state = { ...step.state, phase: to, since: from === to ? since : now, ...changes };
  return {
    ...step,
    state,
    transitions: from === to ? step.transitions : [...step.transitions, { rule, at: now, from, to, why }],
  };
}

/** Adds a message, or counts it where the alert is muted. */
export function tell(step: AlertStep, kind: AlertNotification["kind"], text: string, context: Context): AlertStep {
  const { state } = step;
  const { now, severity, data, rule } = context;
  const sequence = state.sequence + 1;
  if (state.muted !== null && (state.muted.until === null || now < state.muted.until)) {
    return { ...step, state: { ...state, sequence, suppressed: state.suppressed + 1 } };
  }
  const held = state.suppressed === 0 ? "" : `\n${state.suppressed} earlier notifications were muted.`;
  const { episode } = state;
  const message = notification({ rule, kind, severity, at: now, text: text + held, data, episode, sequence });
  return {
    ...step,
    state: { ...state, sequence, suppressed: 0, notifiedAt: now },
    notifications: [...step.notifications, message],
  };
}
