import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { decide, type DecideParams, type Decision } from "../decide.ts";
import { fail, isLastAttempt } from "./give-back.ts";
import type { JudgeDeps } from "./judge-deps.ts";

/** Decides on what was claimed; where `onFailure` throws it is tried again, which `null` says, as long as it has attempts. */
export async function decideOrRetry(
  deps: Pick<JudgeDeps, "store" | "options" | "emitter">,
  claim: LedgerClaim,
  params: Omit<DecideParams, "options" | "revision" | "now" | "onHookError">,
): Promise<Decision | null> {
  const { store, options, emitter } = deps;
  const traceId = params.trace.id;
  const complete: DecideParams = {
    ...params,
    options,
    revision: claim.revision,
    now: store.now(),
    onHookError: (rung, error) =>
      emitter.emit("error", {
        error: new LoopsmithError("evaluator_failed", `blame.${rung}: ${errorMessage(error)}`, {
          hint: "The culprit is the one the other rungs name.",
          cause: error,
        }),
        during: "judge",
        traceId,
      }),
  };
  try {
    return await decide(complete);
  } catch (error) {
    const problem = `onFailure: ${errorMessage(error)}`;
    if (!isLastAttempt(claim, options)) {
      await fail(deps, claim, problem, traceId);
      return null;
    }
    // The verdict stands although nobody could be told what to do about it; the comment and the event say so.
    const decision = await decide({ ...complete, options: { ...options, onFailure: () => null } });
    decision.verdict.comment = problem;
    emitter.emit("error", { error, during: "judge", traceId });
    return decision;
  }
}
