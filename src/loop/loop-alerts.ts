import { notifyActions, sampleNotification } from "../alert/notification.ts";
import { startAlert } from "../alert/evaluate-alert.ts";
import { previewAlert, type AlertPreview } from "../alert/preview-alert.ts";
import type { AlertInput, AlertNotification, AlertPhase, AlertRule } from "../model/alert.ts";
import { createDelivery, type Delivery } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { Json } from "../model/json.ts";
import type { LoopRow } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";
import { alertInput } from "./learn/alert-input.ts";
import { clusterSizeOf } from "./learn/cluster-size.ts";
import { readLearnState } from "./learn/learn-state.ts";

/** Alerts go out as deliveries like everything else, under the loop's name: stable ids, retries, dead letters. */
export async function alertDeliveries(
  store: Store,
  loopId: string,
  notifications: readonly AlertNotification[],
  now: number,
): Promise<Delivery[]> {
  if (notifications.length === 0) return [];
  const name = (await store.loopList()).find(({ id }) => id === loopId)?.name ?? loopId;
  return notifications.flatMap((notification) =>
    notifyActions(notification).map((action) => {
      const id = stableId("alert-delivery", notification.id, action.destination);
      return createDelivery({ id, loop: loopId, action, context: { alert_id: notification.id, loop: name } }, now);
    }),
  );
}

/** Rules that leave the size of clusters open, with this one. */
export function withClusterSize(rules: readonly AlertRule[], clusterSize: number): AlertRule[] {
  return rules.map((rule) =>
    rule.condition.kind === "failure_rate" && rule.condition.clusterSize === undefined
      ? { ...rule, condition: { ...rule.condition, clusterSize } }
      : rule,
  );
}

/** Rules as a loop leaves them in its row, for those that read its database without its file; they are plain data. */
export function alertsDocument(rules: readonly AlertRule[]): Json {
  return JSON.parse(JSON.stringify(rules)) as Json;
}

export function alertRulesOf({ config }: LoopRow): AlertRule[] {
  return (config["alerts"] ?? []) as unknown as AlertRule[];
}

/** @throws LoopsmithError `not_found` for a rule that is not the loop's */
export function findAlertRule(rules: readonly AlertRule[], name: string): AlertRule {
  const rule = rules.find((one) => one.name === name);
  if (rule) return rule;
  throw new LoopsmithError("not_found", `no alert rule is named "${name}"`, {
    hint: `There are: ${rules.map((one) => one.name).join(", ") || "none"}.`,
  });
}

/** How an alert rule of a loop stands. */
export interface AlertStatus {
  rule: AlertRule;
  phase: AlertPhase;
  /** Epoch ms at which the phase was entered. */
  since: number;
  /** Epoch ms; `null` before the first round of learning. */
  evaluatedAt: number | null;
  /** How often it has fired. */
  fired: number;
  /** Epoch ms of the last message of the present episode. */
  notifiedAt: number | null;
  /** Until when its messages are held (epoch ms; `until: null` is for good), and why; `null` when they are not. */
  muted: { until: number | null; why: string } | null;
  /** Messages held since the last that went out. */
  suppressed: number;
}

/** The alert rules of a loop, in the order they were given. */
export async function loopAlerts(store: Store, loopId: string, rules: readonly AlertRule[]): Promise<AlertStatus[]> {
  const { alerts } = readLearnState((await store.learningGet({ loopId })).state);
  return rules.map((rule) => {
    const known = alerts[rule.name];
    const state = known?.condition === rule.condition.kind ? known : null;
    const { phase, since, episode, notifiedAt, muted, suppressed } = state ?? startAlert(rule, store.now());
    const evaluatedAt = state?.evaluatedAt ?? null;
    return { rule, phase, since, evaluatedAt, fired: episode, notifiedAt, muted, suppressed };
  });
}

/**
 * Queues a test message to the destinations of a rule. Touches no state.
 * @throws LoopsmithError `not_found` for a rule that is not the loop's
 */
export async function testAlert(
  store: Store,
  loopId: string,
  rules: readonly AlertRule[],
  name: string,
): Promise<Delivery[]> {
  const rule = findAlertRule(rules, name);
  const now = store.now();
  const deliveries = await alertDeliveries(store, loopId, [sampleNotification(rule, now)], now);
  await store.deliveryAdd({ deliveries });
  return deliveries;
}

export interface PreviewOptions {
  /** Epoch ms. */
  from: number;
  to: number;
  /** How often the rule would have been evaluated, in ms. @default 10 min */
  everyMs?: number;
}

/**
 * What a rule would have told of a loop's past, before it is switched on.
 * @throws LoopsmithError `invalid` for a rule on lag or patterns, of which no history is kept
 */
export async function previewOnHistory(
  store: Store,
  loopId: string,
  rule: AlertRule,
  { from, to, everyMs = 600_000 }: PreviewOptions,
): Promise<AlertPreview> {
  if (rule.condition.kind === "lag" || rule.condition.kind === "pattern") {
    throw new LoopsmithError("invalid", `a rule on ${rule.condition.kind} cannot be tried on the past`, {
      hint: "No history of it is kept; rules on failure rate, burn rate, evaluator health and spend can.",
    });
  }
  const [sized = rule] = withClusterSize([rule], await clusterSizeOf(store, loopId));
  const series: { at: number; input: AlertInput }[] = [];
  for (let at = from; at < to; at += everyMs) {
    const until = Math.min(to, at + everyMs);
    series.push({ at: until, input: await alertInput(store, loopId, { from: at, to: until }) });
  }
  return previewAlert(sized, series, from);
}
