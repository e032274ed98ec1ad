import { eBenjaminiHochberg } from "../internal/statistics/e-benjamini-hochberg.ts";
import { eDetectorValue } from "../internal/statistics/e-detector.ts";
import type { AlertInput, AlertRule, AlertState } from "../model/alert.ts";
import { evaluateAlert } from "./evaluate-alert.ts";
import type { AlertStep } from "./alert-step.ts";

/** One rule of a family, with what happened on its own ground since it was last evaluated. */
export interface AlertMember {
  rule: AlertRule;
  state: AlertState;
  input: AlertInput;
}

/**
 * Evaluates rules that belong together (the loops of a project, say) at one instant. Rate rules that are not firing share one
 * allowance: e-BH over their detectors keeps false alarms to one occasion per acceptable period for the family, instead of one
 * for each. Other kinds are unaffected. Steps come back in the order given.
 */
export function evaluateAlerts(members: readonly AlertMember[], now: number): AlertStep[] {
  const values = members.flatMap(({ rule, state, input }) => {
    if (state.memory.kind !== "rate" || state.memory.fall !== null) return [];
    // Evidence does not depend on the threshold it is held against, so a first pass may use one that nothing reaches.
    const { memory } = evaluateAlert(rule, state, input, now, { threshold: Infinity }).state;
    return memory.kind === "rate" ? [eDetectorValue(memory.rise)] : [];
  });
  const threshold = eBenjaminiHochberg(values, 1);
  return members.map(({ rule, state, input }) => evaluateAlert(rule, state, input, now, { threshold }));
}
