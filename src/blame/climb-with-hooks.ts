import { withDeadline } from "../internal/deadline.ts";
import { unlessAborted } from "../internal/unless-aborted.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Attribution, Culprit, Evidence } from "../model/failure.ts";
import type { Score } from "../model/score.ts";
import type { Span, Trace } from "../model/trace.ts";
import { toAttribution, toCulprit } from "./attribute.ts";
import type { Suspicion } from "./attribute.ts";
import { floorFor, suspectsOf } from "./ladder.ts";
import type { LadderOptions } from "./ladder.ts";
import { clip } from "./symptom/span-nature.ts";

/**
 * What a judge says: one of the shortlisted spans and why, or `null` for "cannot tell". Any other span is ignored.
 * `signal` is aborted after `timeoutMs`.
 */
export type BlameJudge = (
  trace: Trace,
  shortlist: readonly Culprit[],
  scores: readonly Score[],
  signal: AbortSignal,
) => Promise<{ spanId: string; reason: string } | null>;

/**
 * Runs the trace again from a span with that span corrected, and says whether the failure went away; `null` when the
 * span cannot be replayed. `signal` is aborted after `timeoutMs`.
 */
export type ReplaySpan = (
  trace: Trace,
  span: Span,
  signal: AbortSignal,
) => Promise<{ fixed: boolean; detail?: string } | null>;

/** What may be asked beyond the trace and its history to find a culprit. */
export interface BlameOptions {
  /** Asked about the shortlist only. @default none */
  judge?: BlameJudge;
  /** Tried on the suspects in order until one fixes the failure. @default none */
  replay?: ReplaySpan;
  /** Suspects shown to the judge. @default 5 */
  shortlist?: number;
  /** Replays at most. @default 3 */
  maxReplays?: number;
  /**
   * How long one call of a hook may take, in ms. A call that takes longer is aborted and counts as thrown. @default 120_000
   */
  timeoutMs?: number;
}

export interface HookOptions extends LadderOptions, BlameOptions {
  /**
   * A hook that throws costs its rung, not the attribution: the rungs below still answer and this is told why. Without
   * it, the hook's error is thrown.
   */
  onHookError?: (rung: "judge" | "replay", error: unknown) => void;
}

/**
 * `climbLadder`, then the two rungs that need the outside world: a judge that picks from the shortlist, and replays,
 * whose answer is causal: a span whose correction makes the failure go away is the culprit whatever the other rungs say,
 * and one whose correction changes nothing falls behind the suspects that were not cleared.
 */
export async function climbWithHooks(
  trace: Trace,
  scores: readonly Score[],
  options: HookOptions = {},
): Promise<Attribution> {
  const { judge, replay, shortlist = 5, maxReplays = 3 } = options;
  let [suspects, method] = suspectsOf(trace, scores, options);
  suspects = suspects.filter(({ weight, evidence }) => weight > 0 && evidence.length > 0);
  suspects.sort((a, b) => b.weight - a.weight);
  const floor = floorFor(method, options.floor);
  if (judge && suspects.length > 0) {
    const shown = suspects.slice(0, shortlist);
    const said = await attempt("judge", options, (signal) => judge(trace, shown.map(toCulprit), scores, signal));
    const chosen = shown.find(({ step }) => step.span.id === said?.spanId);
    if (said && chosen) {
      suspects = promote(suspects, chosen, {
        kind: "judge",
        text: `chosen by the judge: ${clip(said.reason, 200)}`,
        weight: 0.8,
      });
      method = "judge";
    }
  }
  for (const suspect of replay ? suspects.slice(0, maxReplays) : []) {
    const outcome = await attempt("replay", options, (signal) => replay!(trace, suspect.step.span, signal));
    if (!outcome) continue;
    const detail = outcome.detail ? `: ${clip(outcome.detail, 200)}` : "";
    if (outcome.fixed) {
      const evidence: Evidence = {
        kind: "replay",
        text: `correcting this span made the failure go away${detail}`,
        weight: 1,
      };
      return toAttribution(promote(suspects, suspect, evidence), "replay", 0);
    }
    suspects = clear(suspects, suspect, `correcting this span did not make the failure go away${detail}`);
  }
  return toAttribution(suspects, method, floor);
}

// --- internal ---

async function attempt<T>(
  rung: "judge" | "replay",
  options: HookOptions,
  call: (signal: AbortSignal) => Promise<T | null>,
): Promise<T | null> {
  const { timeoutMs = 120_000 } = options;
  const late = (): LoopsmithError =>
    new LoopsmithError("timeout", `the ${rung} did not answer within ${timeoutMs} ms`, {
      hint: "Make it faster, or give it more time with blame.timeoutMs.",
    });
  try {
    return await withDeadline({ timeoutMs, late }, (signal) => unlessAborted(signal, () => call(signal)));
  } catch (error) {
    if (!options.onHookError) throw error;
    options.onHookError(rung, error);
    return null;
  }
}

/** Puts a suspect first. A calibration knows nothing of judges and replays, so the order it spoke of loses its numbers. */
function promote(suspects: readonly Suspicion[], chosen: Suspicion, evidence: Evidence): Suspicion[] {
  const top = Math.max(evidence.weight, suspects[0]?.weight ?? 0);
  const rest = suspects.filter((suspect) => suspect.step !== chosen.step).map(uncalibrated);
  const { step } = chosen;
  return [{ step, weight: top, evidence: [evidence, ...chosen.evidence] }, ...rest];
}

function clear(suspects: readonly Suspicion[], cleared: Suspicion, text: string): Suspicion[] {
  const least = suspects[suspects.length - 1]?.weight ?? 0;
  const { step } = cleared;
  const last: Suspicion = {
    step,
    weight: least / 2,
    evidence: [{ kind: "replay", text, weight: 0 }, ...cleared.evidence],
  };
  return [...suspects.filter((suspect) => suspect.step !== step).map(uncalibrated), last];
}

function uncalibrated({ step, weight, evidence }: Suspicion): Suspicion {
  return { step, weight, evidence };
}
