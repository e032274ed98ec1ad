import type { ThrottlePolicy } from "../alert/throttle.ts";
import type { BlameOptions } from "../blame/climb-with-hooks.ts";
import { nearestName } from "../internal/nearest-name.ts";
import type { AlertCondition, AlertRule } from "../model/alert.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Budget } from "./judge/budget.ts";
import type { CallLimit, CallLimitOptions } from "./judge/call-limits.ts";
import type { SampleOptions } from "./judge/sample.ts";
import type { LearnOptions } from "./learn/learn.ts";
import type { FeedbackLoopOptions } from "./options.ts";

/** One entry for each option; the compiler asks for those that are missing here. */
type Known<T> = Record<keyof T, 1>;

const LOOP: Known<FeedbackLoopOptions> = {
  client: 1,
  projectName: 1,
  evaluator: 1,
  threshold: 1,
  onFailure: 1,
  name: 1,
  scoreRange: 1,
  settleMs: 1,
  maxOpenMs: 1,
  lookbackMs: 1,
  pollMs: 1,
  concurrency: 1,
  maxAttempts: 1,
  retryMs: 1,
  evaluatorTimeoutMs: 1,
  writeScores: 1,
  waitForProject: 1,
  sample: 1,
  budgets: 1,
  limits: 1,
  blame: 1,
  cluster: 1,
  throttle: 1,
  alerts: 1,
  learn: 1,
  remedy: 1,
  actions: 1,
  destinations: 1,
  secrets: 1,
  lineageKey: 1,
  tracer: 1,
  allowPrivateNetworks: 1,
  store: 1,
  dataDir: 1,
  random: 1,
};
const BUDGET: Known<Budget> = { evaluator: 1, per: 1, calls: 1, tokens: 1, usd: 1 };
const LIMITS: Known<CallLimitOptions> = { evaluators: 1, providers: 1 };
const LIMIT: Known<CallLimit> = { concurrency: 1, perMinute: 1 };
const SAMPLE: Known<SampleOptions> = { rate: 1, always: 1, feedbackKeys: 1 };
const THROTTLE: Known<ThrottlePolicy> = { notifying: 1, digestMs: 1, cooldownMs: 1, dailyCeiling: 1, listed: 1 };
const LEARN: Known<LearnOptions> = { windowMs: 1, mineMs: 1, graceMs: 1, life: 1 };
const BLAME: Known<BlameOptions> = { judge: 1, replay: 1, shortlist: 1, maxReplays: 1, timeoutMs: 1 };
const ALERT: Known<AlertRule> = {
  name: 1,
  condition: 1,
  severity: 1,
  destinations: 1,
  minimumSamples: 1,
  noData: 1,
  noDataAfterMs: 1,
  renotifyEveryMs: 1,
  notifyResolved: 1,
};
const CONDITIONS: { [K in AlertCondition["kind"]]: Known<Extract<AlertCondition, { kind: K }>> } = {
  failure_rate: {
    kind: 1,
    baseline: 1,
    learnTraces: 1,
    learnLimit: 1,
    minimumRatio: 1,
    falseAlarmEveryMs: 1,
    falseResolveEveryMs: 1,
    clusterSize: 1,
  },
  burn_rate: { kind: 1, objective: 1, windows: 1, minimumFailures: 1 },
  pattern: { kind: 1, on: 1, issueIds: 1 },
  evaluator_health: { kind: 1, evaluator: 1, maximumErrorShare: 1, falseAlarmEveryMs: 1, falseResolveEveryMs: 1 },
  lag: { kind: 1, aboveMs: 1, forMs: 1, resolveBelowMs: 1 },
  spend: { kind: 1, aboveUsd: 1, perMs: 1, resolveBelowUsd: 1 },
};

/**
 * Refuses names of options that there are not, which plain JavaScript would let pass.
 * @throws LoopsmithError `invalid` naming the option and the one that was probably meant
 */
export function assertKnownOptions(options: FeedbackLoopOptions): void {
  assertKnown("", options, LOOP);
  const { budgets = [], limits = {}, sample, throttle, learn, blame, alerts = [] } = options;
  for (const [index, budget] of budgets.entries()) assertKnown(`budgets[${index}].`, budget, BUDGET);
  assertKnown("limits.", limits, LIMITS);
  for (const kind of ["evaluators", "providers"] as const) {
    for (const [name, limit] of Object.entries(limits[kind] ?? {}))
      assertKnown(`limits.${kind}.${name}.`, limit, LIMIT);
  }
  assertKnown("sample.", sample, SAMPLE);
  assertKnown("throttle.", throttle, THROTTLE);
  assertKnown("learn.", learn, LEARN);
  assertKnown("blame.", blame, BLAME);
  for (const rule of alerts) assertKnownRule(rule);
}

/** @throws LoopsmithError `invalid`, also for a condition of no known kind */
function assertKnownRule(rule: AlertRule): void {
  const path = `alerts.${rule.name}.`;
  assertKnown(path, rule, ALERT);
  const { condition } = rule;
  const kinds = Object.keys(CONDITIONS);
  if (!kinds.includes(condition?.kind)) {
    throw new LoopsmithError("invalid", `${path}condition.kind is ${JSON.stringify(condition?.kind)}`, {
      hint: `Give one of: ${kinds.join(", ")}.`,
      details: { option: `${path}condition.kind` },
    });
  }
  assertKnown(`${path}condition.`, condition, CONDITIONS[condition.kind]);
}

function assertKnown(path: string, given: unknown, known: Readonly<Record<string, 1>>): void {
  if (typeof given !== "object" || given === null) return;
  const names = Object.keys(known);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const near = nearestName(unknown, names);
  throw new LoopsmithError("invalid", `there is no option ${path}${unknown}`, {
    hint:
      near === null ? `There are: ${names.join(", ")}.` : `Did you mean \`${near}\`? There are: ${names.join(", ")}.`,
    details: { option: `${path}${unknown}` },
  });
}
