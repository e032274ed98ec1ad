import { hashShare } from "../internal/hash-share.ts";
import { atOdds, logBet } from "../internal/statistics/betting.ts";
import { canaryUnit } from "./canary-tag.ts";
import { resolveCanaryOptions } from "./canary-options.ts";
import type { CanaryOptions } from "./canary-options.ts";

export type CanaryArm = "baseline" | "candidate";
export type CanaryStatus = "running" | "promoted" | "rolled_back" | "undecided";

/** A canary's whole memory: plain JSON, so that it survives a restart. */
export interface CanaryState {
  /** Salts the assignment, so that another canary splits traffic another way. */
  id: string;
  status: CanaryStatus;
  /** Position in `stages`, since when (epoch ms), and the candidate's traces since. */
  stage: number;
  stageSince: number;
  stageTraces: number;
  /** Share of traffic the candidate gets now; 1 once promoted, 0 once ended otherwise. */
  share: number;
  /** Traces seen, by arm. */
  traces: Record<CanaryArm, number>;
  /** Units that failed, by arm; a unit counts once. */
  failures: Record<CanaryArm, number>;
  /** Places of the units that failed, to know them again. */
  failed: number[];
  /** ln of the stakes against "the candidate fails no more often" and "at least `tolerance` times as often". */
  harm: number[];
  fit: number[];
  /** The loop's own verdicts up to this time (epoch ms) have been counted. */
  heardUntil: number;
  /** Highest e-values so far. */
  harmPeak: number;
  fitPeak: number;
  /** Epoch ms; `null` while running. */
  endedAt: number | null;
  /** Why it ended; `null` while running. */
  reason: string | null;
}

/** Who serves a unit. Keep it with the trace (as metadata, say), since the share may have moved when the trace is judged. */
export interface CanaryAssignment {
  arm: CanaryArm;
  /** The candidate's share of traffic when the unit was assigned. */
  share: number;
}

/** One live trace that a loop has decided. */
export interface CanaryOutcome {
  /** What was assigned: a trace, thread, session or user id. */
  unit: string;
  /** As in its assignment. Its arm follows from it: a unit counts for the arm it was assigned to, whoever served it. */
  share: number;
  failed: boolean;
  /** Epoch ms. */
  at: number;
}

/** Failure rates, relative to the boundary of each null, that the two tests bet on. */
const HARM_RATIOS = [1.25, 1.5, 2, 3, 5] as const;
const FIT_RATIOS = [0.9, 0.75, 0.6, 0.45, 0.3] as const;
/** The candidate's share is not raised while the evidence of harm is at this e-value or above. */
const SUSPICION = 3;

/** A canary before its first trace. @throws LoopsmithError `invalid` for options out of range */
export function startCanary(id: string, at: number, options?: CanaryOptions): CanaryState {
  const { stages } = resolveCanaryOptions(options);
  return {
    id,
    status: "running",
    stage: 0,
    stageSince: at,
    stageTraces: 0,
    share: stages[0]?.share ?? 0,
    traces: { baseline: 0, candidate: 0 },
    failures: { baseline: 0, candidate: 0 },
    failed: [],
    harm: HARM_RATIOS.map(() => 0),
    fit: FIT_RATIOS.map(() => 0),
    heardUntil: at,
    harmPeak: 1,
    fitPeak: 1,
    endedAt: null,
    reason: null,
  };
}

/** Who serves a unit now. A unit once with the candidate stays there as the share grows. */
export function assignCanary({ id, share }: Pick<CanaryState, "id" | "share">, unit: string): CanaryAssignment {
  return { arm: hashShare(id, canaryUnit(unit)) < share ? "candidate" : "baseline", share };
}

/**
 * The state after one more decided trace. A sequential test on live failures: units are assigned by a hash, so as long as
 * both arms fail alike a failing unit is the candidate's with probability `share`, whatever the failure rate is and
 * however it drifts. At a rate ratio r that chance is `share r / (1 - share + share r)`, and each new failing unit is a bet
 * on it (`logBet`). Passing traces carry no bet. A unit's second failure counts for nothing, nor does a repeated report.
 */
export function observeCanary(state: CanaryState, outcome: CanaryOutcome, options?: CanaryOptions): CanaryState {
  if (state.status !== "running" || outcome.share <= 0 || outcome.share >= 1) return state;
  const resolved = resolveCanaryOptions(options);
  const place = hashShare(state.id, canaryUnit(outcome.unit));
  if (outcome.failed && state.failed.includes(place)) return state;
  const arm: CanaryArm = place < outcome.share ? "candidate" : "baseline";
  const counted: CanaryState = {
    ...state,
    traces: add(state.traces, arm),
    stageTraces: state.stageTraces + (arm === "candidate" && outcome.share === state.share ? 1 : 0),
  };
  const next = outcome.failed ? bet(counted, arm, place, outcome.share, resolved.tolerance) : counted;
  return decide(next, outcome.at, resolved);
}

/** Ends a running canary by hand. */
export function endCanary(
  state: CanaryState,
  status: Exclude<CanaryStatus, "running">,
  at: number,
  reason: string,
): CanaryState {
  if (state.status !== "running") return state;
  return { ...state, status, share: status === "promoted" ? 1 : 0, endedAt: at, reason };
}

function bet(state: CanaryState, arm: CanaryArm, place: number, share: number, tolerance: number): CanaryState {
  const hit = arm === "candidate" ? 1 : 0;
  const stake = (logs: readonly number[], ratios: readonly number[], boundary: number): number[] =>
    logs.map((log, index) => {
      const ratio = boundary * (ratios[index] ?? 1);
      return log + logBet(hit, 1, atOdds(share, boundary), atOdds(share, ratio));
    });
  const harm = stake(state.harm, HARM_RATIOS, 1);
  const fit = stake(state.fit, FIT_RATIOS, tolerance);
  return {
    ...state,
    failures: add(state.failures, arm),
    failed: [...state.failed, place],
    harm,
    fit,
    harmPeak: Math.max(state.harmPeak, eValue(harm)),
    fitPeak: Math.max(state.fitPeak, eValue(fit)),
  };
}

function decide(state: CanaryState, at: number, options: Required<CanaryOptions>): CanaryState {
  const { alpha, stages, tolerance, minTraces, maxTraces } = options;
  const bar = 1 / alpha;
  const seen = (): string => describeCanary(state);
  if (state.harmPeak >= bar) {
    return endCanary(state, "rolled_back", at, `The candidate fails more often than the baseline: ${seen()}.`);
  }
  if (state.fitPeak >= bar && state.traces.candidate >= minTraces) {
    const reason = `The candidate fails less than ${tolerance} times as often as the baseline: ${seen()}.`;
    return endCanary(state, "promoted", at, reason);
  }
  if (state.traces.baseline + state.traces.candidate >= maxTraces) {
    return endCanary(state, "undecided", at, `Neither better nor worse was shown: ${seen()}.`);
  }
  const stage = stages[state.stage];
  const following = stages[state.stage + 1];
  if (!stage || !following || state.stageTraces < stage.traces || eValue(state.harm) >= SUSPICION) return state;
  return { ...state, stage: state.stage + 1, stageSince: at, stageTraces: 0, share: following.share };
}

/** Where a canary stands, in figures. */
export function describeCanary({ traces, failures, harmPeak, fitPeak }: CanaryState): string {
  const arm = (name: CanaryArm): string => `${failures[name]} failed of ${traces[name]}`;
  const value = (peak: number): string => String(Number(peak.toPrecision(3)));
  return (
    `candidate ${arm("candidate")}, baseline ${arm("baseline")}, ` +
    `e-value ${value(harmPeak)} for worse and ${value(fitPeak)} for good enough`
  );
}

function eValue(logs: readonly number[]): number {
  return Math.min(1e300, logs.reduce((sum, log) => sum + Math.exp(log), 0) / logs.length);
}

function add(counts: Record<CanaryArm, number>, arm: CanaryArm): Record<CanaryArm, number> {
  return { ...counts, [arm]: counts[arm] + 1 };
}
