import { LoopsmithError } from "../model/errors.ts";
import type { AlertInput, AlertRule, AlertState } from "../model/alert.ts";
import { resolveAlertRule } from "./alert-rule.ts";
import { move, tell } from "./alert-step.ts";
import type { AlertStep, Context } from "./alert-step.ts";
import { duration } from "../internal/duration.ts";
import type { Reading } from "./condition/reading.ts";
import { calmMemory, readCondition, startMemory } from "./read-condition.ts";

/** A rule that has seen nothing. @throws LoopsmithError `invalid` for an impossible rule. */
export function startAlert(rule: AlertRule, now: number): AlertState {
  const { name, condition } = resolveAlertRule(rule);
  return {
    rule: name,
    condition: condition.kind,
    phase: "learning",
    since: now,
    evaluatedAt: now,
    lastDataAt: now,
    cause: null,
    before: null,
    notifiedAt: null,
    episode: 0,
    sequence: 0,
    muted: null,
    suppressed: 0,
    memory: startMemory(condition, now),
  };
}

/**
 * One evaluation of one rule: state in, what happened since the last evaluation in, state out. Pure. Evaluate as often as you
 * like; the guarantees do not depend on how often, only on each run being given once.
 *
 * `threshold` is the evidence a test needs, 1 unless the rule is judged as one of a family (`evaluateAlerts`).
 * @throws LoopsmithError `invalid` for an impossible rule, input or a clock that runs backwards; `conflict` for the state
 * of another kind of rule.
 */
export function evaluateAlert(
  rule: AlertRule,
  state: AlertState,
  input: AlertInput,
  now: number,
  { threshold = 1 }: { threshold?: number } = {},
): AlertStep {
  const resolved = resolveAlertRule(rule);
  if (state.condition !== resolved.condition.kind) {
    throw new LoopsmithError("conflict", `The state of alert "${rule.name}" is one of ${state.condition}`, {
      hint: "Start afresh after changing what a rule watches (resumeAlert).",
    });
  }
  checkInput(rule.name, state, input, now);
  const moment = {
    from: state.evaluatedAt,
    now,
    firing: isFiring(state),
    minimumSamples: resolved.minimumSamples,
    threshold,
  };
  const reading = readCondition(resolved.condition, state.memory, input, moment);
  const context = {
    rule: resolved,
    now,
    severity: reading?.severity ?? resolved.severity,
    data: reading?.data ?? {},
  };
  const step: AlertStep = { state: { ...state, evaluatedAt: now }, transitions: [], notifications: [] };
  return reading === null ? silence(step, context) : hear(step, reading, context);
}

/** Keeps notifications quiet, until `until` (epoch ms) or for good. Evaluation goes on. */
export function muteAlert(
  state: AlertState,
  { until = null, why = "" }: { until?: number | null; why?: string },
): AlertState {
  return { ...state, muted: { until, why } };
}

/** Lets notifications out again; a firing alert is told at its next evaluation. */
export function unmuteAlert(state: AlertState): AlertState {
  return { ...state, muted: null };
}

/** Takes what is now as the new normal: a learned baseline starts afresh. */
export function relearnAlert(rule: AlertRule, state: AlertState, now: number): AlertState {
  const { episode, sequence, muted, suppressed } = state;
  return { ...startAlert(rule, now), episode, sequence, muted, suppressed };
}

/** The state to go on with after a restart: the stored one, or a fresh one for a new rule or one that watches something else now. */
export function resumeAlert(rule: AlertRule, stored: AlertState | undefined, now: number): AlertState {
  if (stored === undefined) return startAlert(rule, now);
  return stored.condition === rule.condition.kind ? stored : relearnAlert(rule, stored, now);
}

/** Whether the condition fires, also behind a silence. */
function isFiring({ phase, before, cause }: AlertState): boolean {
  return cause !== "no_data" && (phase === "firing" || (phase === "no_data" && before === "firing"));
}

/** The condition could be read. */
function hear(quiet: AlertStep, reading: Reading, context: Context): AlertStep {
  const { rule, now } = context;
  const back = dataIsBack(quiet, context);
  const step = { ...back, state: { ...back.state, lastDataAt: now, memory: reading.memory } };
  const { phase, notifiedAt, episode } = step.state;
  const { verdict } = reading;

  if (verdict === "breach" && phase !== "firing") {
    const fired = move(step, "firing", reading.text(), now, {
      cause: "condition",
      notifiedAt: null,
      episode: episode + 1,
    });
    return tell(fired, "fired", reading.text(), context);
  }
  if (phase === "firing" && verdict === "clear") {
    const over = move(step, "ok", reading.text(), now, { cause: null });
    return rule.notifyResolved ? tell(over, "resolved", reading.text(), context) : over;
  }
  if (phase === "firing") {
    if (reading.news === true) return tell(step, "fired", reading.text(), context);
    const due = notifiedAt === null || (rule.renotifyEveryMs !== null && now - notifiedAt >= rule.renotifyEveryMs);
    return due ? tell(step, "reminder", reading.text(), context) : step;
  }
  return phase === "learning" && verdict !== "learning" ? move(step, "ok", reading.text(), now) : step;
}

/** Nothing to read this time. */
function silence(step: AlertStep, context: Context): AlertStep {
  const { rule, now } = context;
  const { phase, lastDataAt, episode } = step.state;
  const quiet = now - lastDataAt;
  if (quiet < rule.noDataAfterMs || rule.noData === "keep") return step;
  const text = `No data for ${duration(quiet)}`;
  if (rule.noData === "ok") {
    if (phase !== "firing") return step;
    const over = move(step, "ok", text, now, {
      cause: null,
      memory: calmMemory(rule.condition, step.state.memory, now),
    });
    return rule.notifyResolved ? tell(over, "resolved", `${text}, which this rule takes for good news`, context) : over;
  }
  if (rule.noData === "alert") {
    if (phase === "firing") return step;
    const changes = { cause: "no_data", notifiedAt: null, episode: episode + 1 } as const;
    return tell(move(step, "firing", text, now, changes), "fired", text, context);
  }
  if (phase === "no_data") return step;
  return tell(move(step, "no_data", text, now, { before: phase }), "no_data", text, context);
}

function dataIsBack(step: AlertStep, context: Context): AlertStep {
  const { phase, before, cause } = step.state;
  const text = "Data are back";
  if (phase === "no_data") {
    return tell(move(step, before ?? "ok", text, context.now, { before: null }), "data_back", text, context);
  }
  if (cause !== "no_data") return step;
  const over = move(step, "ok", text, context.now, { cause: null });
  return context.rule.notifyResolved ? tell(over, "resolved", text, context) : over;
}

function checkInput(name: string, state: AlertState, input: AlertInput, now: number): void {
  const pairs = [input.traces ?? { failing: 0, total: 0 }];
  for (const { errors, calls } of Object.values(input.evaluators ?? {})) pairs.push({ failing: errors, total: calls });
  const sensible =
    now >= state.evaluatedAt &&
    pairs.every(({ failing, total }) => failing >= 0 && failing <= total && Number.isFinite(total)) &&
    [input.lagMs ?? 0, input.spendUsd ?? 0].every((value) => value >= 0 && Number.isFinite(value));
  if (sensible) return;
  throw new LoopsmithError("invalid", `Alert rule "${name}" cannot be evaluated at ${now} on this input`, {
    hint: "Give counts of 0 or more with parts no larger than wholes, and times that do not run backwards.",
    details: {
      evaluatedAt: state.evaluatedAt,
      now,
      traces: input.traces,
      lagMs: input.lagMs,
      spendUsd: input.spendUsd,
    },
  });
}
