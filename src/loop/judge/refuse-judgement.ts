import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { pausedBy } from "./circuit-breaker.ts";
import { defer, fail, isLastAttempt } from "./give-back.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import type { Judgement } from "./judge.ts";

/** What met nothing but busy providers is tried again no sooner than this. */
const BUSY_RETRY_MS = 1_000;

/**
 * Tells the breaker how the evaluators fared, and gives back what is no basis for a verdict: because one of them is paused
 * with it, its provider is only busy, a budget does not reach for it, or it failed and has attempts left. `null` when the judgement stands, and no promise:
 * most do, and nobody has to wait for that.
 */
export function refuseJudgement(
  deps: Pick<JudgeDeps, "store" | "options" | "emitter" | "breaker">,
  claim: LedgerClaim,
  evaluators: readonly string[],
  { problems, failures = [] }: Judgement,
  traceId: string,
): Promise<void> | null {
  const { store, options, emitter, breaker } = deps;
  const [begun] = breaker.note(evaluators, failures, store.now());
  if (begun) {
    const pause = pausedBy(begun);
    emitter.emit("error", { error: new Error(pause.reason), during: "judge", traceId });
    return defer(deps, claim, pause);
  }
  if (problems.length === 0) return null;
  const reason = problems.join("; ");
  if (failures.length > 0 && failures.every(({ code }) => code === "rate_limited" || code === "budget_exhausted")) {
    // No fault of what is judged; the breaker ends it where the provider never answers.
    return defer(deps, claim, { reason, resumeAt: store.now() + Math.max(options.retryMs, BUSY_RETRY_MS) });
  }
  return isLastAttempt(claim, options) ? null : fail(deps, claim, reason, traceId);
}
