import { LoopsmithError } from "../model/errors.ts";
import type { AlertCondition, AlertRule, BurnWindow } from "../model/alert.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The windows of the Site Reliability Workbook, for a budget of 30 days. */
const BURN_WINDOWS: readonly BurnWindow[] = [
  { longMs: HOUR, shortMs: 5 * MINUTE, factor: 14.4, severity: "page" },
  { longMs: 6 * HOUR, shortMs: 30 * MINUTE, factor: 6, severity: "page" },
  { longMs: DAY, shortMs: 2 * HOUR, factor: 3, severity: "ticket" },
  { longMs: 3 * DAY, shortMs: 6 * HOUR, factor: 1, severity: "ticket" },
];

/** A rule with every option present. */
export type ResolvedAlertRule = Required<Omit<AlertRule, "condition">> & { condition: ResolvedCondition };

type Complete<T> = T extends { kind: "pattern" | "evaluator_health" }
  ? T & Required<Omit<T, "issueIds" | "evaluator">>
  : Required<T>;

/** A condition with every option present; `issueIds` and `evaluator` stay absent where they mean "all". */
export type ResolvedCondition = Complete<AlertCondition>;

const cache = new WeakMap<AlertRule, ResolvedAlertRule>();

/** Fills in defaults and checks. @throws LoopsmithError `invalid` naming the option that makes no sense. */
export function resolveAlertRule(rule: AlertRule): ResolvedAlertRule {
  const known = cache.get(rule);
  if (known !== undefined) return known;
  const condition = resolveCondition(rule.condition);
  const resolved: ResolvedAlertRule = {
    name: rule.name,
    severity: rule.severity ?? "ticket",
    destinations: rule.destinations ?? [],
    minimumSamples: rule.minimumSamples ?? 10,
    noData: rule.noData ?? "report",
    noDataAfterMs: rule.noDataAfterMs ?? DAY,
    renotifyEveryMs:
      rule.renotifyEveryMs === undefined ? (condition.kind === "pattern" ? null : 4 * HOUR) : rule.renotifyEveryMs,
    notifyResolved: rule.notifyResolved ?? true,
    condition,
  };
  check(rule.name, rule.name !== "", "name", rule.name, "Give the rule a name.");
  check(rule.name, resolved.minimumSamples >= 0, "minimumSamples", resolved.minimumSamples, "Give 0 or more.");
  positive(rule.name, resolved, ["noDataAfterMs"]);
  if (resolved.renotifyEveryMs !== null)
    positive(rule.name, { renotifyEveryMs: resolved.renotifyEveryMs }, ["renotifyEveryMs"]);
  checkCondition(rule.name, condition);
  cache.set(rule, resolved);
  return resolved;
}

function resolveCondition(condition: AlertCondition): ResolvedCondition {
  const rates = { falseAlarmEveryMs: 30 * DAY, falseResolveEveryMs: 7 * DAY };
  if (condition.kind === "failure_rate") return { ...LEARNED, ...rates, ...condition };
  if (condition.kind === "evaluator_health") return { maximumErrorShare: 0.05, ...rates, ...condition };
  if (condition.kind === "burn_rate") return { windows: BURN_WINDOWS, minimumFailures: 3, ...condition };
  if (condition.kind === "pattern") return { on: NEWS, ...condition };
  if (condition.kind === "lag") return { forMs: 5 * MINUTE, resolveBelowMs: 0.8 * condition.aboveMs, ...condition };
  return { perMs: DAY, resolveBelowUsd: 0.8 * condition.aboveUsd, ...condition };
}

const LEARNED = {
  baseline: "learn",
  learnTraces: 500,
  learnLimit: 20_000,
  minimumRatio: 1.1,
  clusterSize: 1,
} as const;

const NEWS = ["pattern:confirmed", "pattern:growing", "pattern:regressed"] as const;

function checkCondition(name: string, condition: ResolvedCondition): void {
  switch (condition.kind) {
    case "failure_rate":
      if (condition.baseline !== "learn") share(name, condition, "baseline");
      positive(name, condition, ["learnTraces", "learnLimit", "falseAlarmEveryMs", "falseResolveEveryMs"]);
      check(name, condition.minimumRatio >= 1, "minimumRatio", condition.minimumRatio, "Give a factor of 1 or more.");
      check(name, condition.clusterSize >= 1, "clusterSize", condition.clusterSize, "Give 1 or more.");
      return;
    case "evaluator_health":
      share(name, condition, "maximumErrorShare");
      positive(name, condition, ["falseAlarmEveryMs", "falseResolveEveryMs"]);
      return;
    case "burn_rate":
      share(name, condition, "objective");
      check(name, condition.windows.length > 0, "windows", "[]", "Give at least one window.");
      for (const window of condition.windows) {
        positive(name, window, ["longMs", "shortMs", "factor"]);
        check(
          name,
          window.shortMs < window.longMs,
          "shortMs",
          window.shortMs,
          "Make the short window the shorter one.",
        );
      }
      return;
    case "lag":
      positive(name, condition, ["aboveMs"]);
      check(
        name,
        condition.resolveBelowMs <= condition.aboveMs,
        "resolveBelowMs",
        condition.resolveBelowMs,
        "Give at most aboveMs.",
      );
      return;
    case "spend":
      positive(name, condition, ["aboveUsd", "perMs"]);
      check(
        name,
        condition.resolveBelowUsd <= condition.aboveUsd,
        "resolveBelowUsd",
        condition.resolveBelowUsd,
        "Give at most aboveUsd.",
      );
      return;
    case "pattern":
      check(name, condition.on.length > 0, "on", "[]", "Name at least one event, for example pattern:regressed.");
  }
}

function share<K extends string>(name: string, options: Record<K, unknown>, key: K): void {
  const value = options[key];
  check(name, typeof value === "number" && value > 0 && value < 1, key, value, "Give a share between 0 and 1.");
}

function positive<K extends string>(name: string, options: Record<K, unknown>, keys: readonly K[]): void {
  for (const key of keys) {
    const value = options[key];
    check(
      name,
      typeof value === "number" && value > 0 && Number.isFinite(value),
      key,
      value,
      "Give a finite number above 0.",
    );
  }
}

function check(name: string, fine: boolean, option: string, value: unknown, hint: string): void {
  if (fine) return;
  throw new LoopsmithError("invalid", `Alert rule "${name}": ${option} is ${String(value)}`, { hint });
}
