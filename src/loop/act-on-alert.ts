import { muteAlert, relearnAlert, resumeAlert, unmuteAlert } from "../alert/evaluate-alert.ts";
import type { AlertRule, AlertState } from "../model/alert.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import type { Store } from "../store/store.ts";
import { readLearnState } from "./learn/learn-state.ts";
import { findAlertRule, loopAlerts, type AlertStatus } from "./loop-alerts.ts";
import { resolveUntil } from "./window.ts";

/** What a person may do to an alert rule. */
export type AlertAction =
  /** Holds its messages and counts them, until `until` (epoch ms) or for good. Evaluation goes on. */
  | { do: "mute"; until?: number | null; why?: string }
  /** A firing alert is told at its next evaluation. */
  | { do: "unmute" }
  /** Takes the present for the new normal: a learned baseline starts afresh. */
  | { do: "relearn" };

/** A round of learning in between wins, and the action is applied to what it left. */
const MAX_TRIES = 10;

/**
 * Does one thing to one alert rule of a loop, from its next evaluation on.
 * @throws LoopsmithError `not_found` for a rule that is not the loop's; `invalid` for a silence that is over already
 */
export async function actOnAlert(
  store: Store,
  loopId: string,
  rules: readonly AlertRule[],
  name: string,
  action: AlertAction,
): Promise<AlertStatus> {
  const rule = findAlertRule(rules, name);
  const now = store.now();
  if (action.do === "mute" && typeof action.until === "number") resolveUntil(action.until, now);
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const { version, state } = await store.learningGet({ loopId });
    const { alerts } = readLearnState(state);
    const acted = { ...alerts, [name]: apply(rule, resumeAlert(rule, alerts[name], now), action, now) };
    const next = { ...state, alerts: acted as unknown as Json };
    if (await store.learningRecord({ loopId, version, state: next, issues: [], deliveries: [] })) {
      const [status] = await loopAlerts(store, loopId, [rule]);
      return status as AlertStatus;
    }
  }
  throw new LoopsmithError("conflict", `alert "${name}" keeps changing`, { hint: "Try again." });
}

function apply(rule: AlertRule, state: AlertState, action: AlertAction, now: number): AlertState {
  switch (action.do) {
    case "mute":
      return muteAlert(state, action);
    case "unmute":
      return unmuteAlert(state);
    case "relearn":
      return relearnAlert(rule, state, now);
    default:
      return action satisfies never;
  }
}
