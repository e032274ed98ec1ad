import { targetsOf } from "../../evaluator/targets.ts";
import type { Trace } from "../../model/trace.ts";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { toRuns } from "../../wire/to-run.ts";
import { reserveBudget, settleBudget } from "./budget.ts";
import { pausedBy } from "./circuit-breaker.ts";
import { decideOrRetry } from "./decide-or-retry.ts";
import { enrolConversation } from "./enrol-conversation.ts";
import { defer } from "./give-back.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import { judge } from "./judge.ts";
import { refuseJudgement } from "./refuse-judgement.ts";
import { seenScores } from "./seen-scores.ts";
import { toRecord, type Ready } from "./write-down.ts";

export interface RoundDeps extends JudgeDeps {
  /** Epoch ms, by this machine's clock. */
  readAt: { from: number; to: number };
}

/** Everything up to the verdict; `null` when there is none to write now. */
export async function judgeTrace(
  deps: RoundDeps,
  claim: LedgerClaim,
  trace: Trace,
  signal: AbortSignal,
): Promise<Ready | null> {
  const { store, loopId, options, breaker } = deps;
  const runs = toRuns(trace);
  const calls = new Map(
    options.evaluators.map((evaluator) => [evaluator, targetsOf(evaluator, trace, { runs }).length] as const),
  );
  const names = options.evaluators.map(({ name }) => name);
  const pause = breaker.pauseOf(names, store.now());
  const reservation = pause ? pausedBy(pause) : await reserveBudget(store, loopId, options.budgets, calls);
  if ("resumeAt" in reservation) {
    await defer(deps, claim, reservation);
    return null;
  }
  // Only here: a trace that is skipped must leave no trace, or a loop that watches its own would never be done with them.
  const span = deps.tracing.judge(claim, deps.readAt);
  let ready: Ready | null = null;
  try {
    const judgement = await judge(trace, runs, options.evaluators, {
      timeoutMs: options.evaluatorTimeoutMs,
      signal,
      lineage: deps.lineage,
      callLimits: deps.callLimits,
      sharedCache: deps.sharedCache,
      begin: () => reservation.begin(),
      span,
    });
    await settleBudget(store, reservation, options.budgets, loopId, judgement.costs ?? []);
    // What was evaluated in time is paid, and written; the rest is judged after the restart, when the lease has run out.
    if (signal.aborted && judgement.problems.length > 0) return null;
    const refused = refuseJudgement(deps, claim, names, judgement, trace.id);
    if (refused) {
      await refused;
      return null;
    }
    const decision = await decideOrRetry(deps, claim, {
      loopId,
      trace,
      run: runs.get(trace.root.id)!,
      judgement,
      knowledge: deps.history.knowledge(),
      span,
    });
    if (!decision) return null;
    const { verdict, failure, secrets, deliveries } = decision;
    if (secrets.size > 0) await store.secretPut({ secrets });
    await enrolConversation(deps, trace);
    const record = toRecord(deps, claim, decision);
    // Where the traces live in this store a score that comes later reopens its trace by itself.
    const isElsewhere = deps.platform.store !== store && deps.readKeys.length > 0;
    ready = {
      record: isElsewhere ? { ...record, seenScores: seenScores(trace, deps.readKeys) } : record,
      failure,
      actions: deliveries,
      span,
      tell() {
        if (verdict.outcome === "pass" || verdict.outcome === "fail") deps.history.note(trace, failure);
        deps.emitter.emit("trace:judged", { verdict });
      },
    };
    return ready;
  } finally {
    if (!ready) span.end("later");
  }
}
