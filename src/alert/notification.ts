import type { NotifyAction } from "../model/action.ts";
import type { AlertNotification, AlertRule } from "../model/alert.ts";
import { stableId } from "../model/id.ts";
import { resolveAlertRule } from "./alert-rule.ts";
import type { ResolvedAlertRule } from "./alert-rule.ts";

interface Parts extends Pick<AlertNotification, "kind" | "severity" | "at" | "text" | "data"> {
  rule: ResolvedAlertRule;
  episode: number;
  sequence: number;
}

const TITLES: Record<AlertNotification["kind"], (name: string) => string> = {
  fired: (name) => `${name} fires`,
  reminder: (name) => `${name} still fires`,
  resolved: (name) => `${name} is resolved`,
  no_data: (name) => `${name} gets no data`,
  data_back: (name) => `${name} gets data again`,
  test: (name) => `Test of ${name}`,
};

/** One message, with an id that a repeated evaluation gives again. */
export function notification({ rule, kind, severity, at, text, data, episode, sequence }: Parts): AlertNotification {
  return {
    id: stableId("alert", rule.name, episode, sequence),
    rule: rule.name,
    kind,
    severity,
    at,
    title: TITLES[kind](rule.name),
    text,
    data: { ...data, rule: rule.name, kind, severity, episode, condition: rule.condition.kind },
    destinations: rule.destinations,
  };
}

/** A message as the rule would send it, to try its destinations. Touches no state; each instant gives its own id. */
export function sampleNotification(rule: AlertRule, now: number): AlertNotification {
  const resolved = resolveAlertRule(rule);
  const text = `This is a test of the ${resolved.condition.kind} alert "${rule.name}". Nothing is wrong.`;
  const sample = notification({
    rule: resolved,
    kind: "test",
    severity: resolved.severity,
    at: now,
    text,
    data: { test: true },
    episode: 0,
    sequence: 0,
  });
  return { ...sample, id: stableId("alert", rule.name, "test", now) };
}

/** The notification as deliveries: one per destination. */
export function notifyActions({ id, title, text, data, destinations }: AlertNotification): NotifyAction[] {
  return destinations.map((destination) => ({
    action: "notify",
    destination,
    title,
    text,
    data: { ...data, alert_id: id },
  }));
}
