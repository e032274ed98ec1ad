import type { LedgerClaim } from "../../store/resource/ledger.ts";
import type { Store } from "../../store/store.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import type { Refusal } from "./budget.ts";
import type { JudgeDeps } from "./judge-deps.ts";

type GiveBackDeps = Pick<JudgeDeps, "store" | "options" | "emitter">;

type Outcome = Pick<Parameters<Store["ledgerRelease"]>[0], "state" | "reason" | "dueAt" | "attempted">;

/** What cannot be read (yet) is looked at again this much later. */
const UNREADABLE_RETRY_MS = 5_000;
const RETRY_CAP_MS = 60 * 60 * 1000;
const SAMPLED_OUT = "sampled out by the hash of its trace id";

/** Whether the claim is the last that counts. */
export function isLastAttempt({ attempts }: LedgerClaim, { maxAttempts }: ResolvedLoopOptions): boolean {
  return attempts + 1 >= maxAttempts;
}

/** Parks the trace for good. */
export async function skip(deps: GiveBackDeps, claim: LedgerClaim, reason = SAMPLED_OUT): Promise<void> {
  await giveBack(deps, claim, { state: "skipped", reason, dueAt: claim.dueAt, attempted: false });
}

/** The trace waits, and loses no attempt. */
export async function defer(deps: GiveBackDeps, claim: LedgerClaim, { reason, resumeAt }: Refusal): Promise<void> {
  await giveBack(deps, claim, { state: "deferred", reason, dueAt: resumeAt, attempted: false });
}

/** The worker stops: whoever claims next has it at once. */
export async function handOver(deps: GiveBackDeps, claim: LedgerClaim): Promise<void> {
  await defer(deps, claim, { reason: "the worker that held it was stopped", resumeAt: deps.store.now() });
}

/** It is not settled after all: the same, in the state of what was never judged. */
export async function postpone(deps: GiveBackDeps, claim: LedgerClaim, { reason, resumeAt }: Refusal): Promise<void> {
  await giveBack(deps, claim, { state: "settling", reason, dueAt: resumeAt, attempted: false });
}

/**
 * Tells of the problem; the trace is tried again, ever later.
 * @param traceId whom the event names, where the claim is of a thread
 */
export async function fail(
  deps: GiveBackDeps,
  claim: LedgerClaim,
  problem: string,
  traceId = claim.traceId,
): Promise<void> {
  deps.emitter.emit("error", { error: new Error(problem), during: "judge", traceId });
  await release(deps, claim, problem, true);
}

/** The trace is tried again, after a growing pause where this counts as an attempt. */
export async function release(
  deps: GiveBackDeps,
  claim: LedgerClaim,
  reason: string,
  attempted: boolean,
): Promise<void> {
  const { store, options } = deps;
  const backoff = attempted ? Math.min(options.retryMs * 2 ** claim.attempts, RETRY_CAP_MS) : UNREADABLE_RETRY_MS;
  await giveBack(deps, claim, { state: "settling", reason, dueAt: store.now() + backoff, attempted });
}

/** Ends the lease without a verdict. */
async function giveBack({ store }: GiveBackDeps, claim: LedgerClaim, outcome: Outcome): Promise<void> {
  const { loopId, traceId, leaseToken } = claim;
  await store.ledgerRelease({ loopId, traceId, leaseToken, ...outcome });
}
