import { canonicalJson } from "../internal/canonical-json.ts";
import { withDeadline } from "../internal/deadline.ts";
import { mapWithLimit } from "../internal/map-with-limit.ts";
import { randomSource } from "../internal/random.ts";
import { sleep } from "../internal/sleep.ts";
import { unlessAborted } from "../internal/unless-aborted.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import type { Proposal } from "./candidates.ts";
import { paidCall } from "./paid-call.ts";
import type { PaidCallContext } from "./paid-call.ts";
import type {
  FailureNote,
  Proposer,
  ProposerCall,
  ProposerContext,
  ProposerDeps,
  VisibleFailure,
  VisibleResult,
} from "./proposer.ts";
import { runExample } from "./run-example.ts";
import type { VisibleExamples } from "./sealed-dataset.ts";

/**
 * Lets a proposer work on the visible examples. Whatever it holds is made from those alone; when its budget ends it, what
 * it had submitted still counts.
 * @throws LoopsmithError `evaluator_failed` when it throws or hangs before submitting anything
 */
export async function runProposer<C extends object>(
  proposer: Proposer<C>,
  baseline: C,
  deps: ProposerDeps<C>,
): Promise<Proposal<C>[]> {
  const { timeoutMs = 600_000 } = deps;
  const submitted: Proposal<C>[] = [];
  const tooLate = new Error(`did not finish within ${timeoutMs} ms`);
  const deadline = { ...(deps.signal && { stop: deps.signal }), timeoutMs, late: () => tooLate };
  try {
    const returned = await withDeadline(deadline, (signal) =>
      unlessAborted(signal, () => proposer(contextOf(baseline, deps, submitted, signal))),
    );
    return [...submitted, ...(returned ?? [])];
  } catch (error) {
    deps.signal?.throwIfAborted();
    if (submitted.length > 0 || (LoopsmithError.isInstance(error) && error.code === "budget_exhausted"))
      return submitted;
    const said = error === tooLate ? tooLate.message : `threw: ${errorMessage(error)}`;
    throw new LoopsmithError("evaluator_failed", `The proposer of "${deps.name}" ${said}`, {
      hint: "Fix the proposer, or submit proposals as they come so that they count.",
      cause: error,
    });
  }
}

function contextOf<C extends object>(
  baseline: C,
  deps: ProposerDeps<C>,
  submitted: Proposal<C>[],
  signal: AbortSignal,
): ProposerContext<C> {
  const { name, examples, trial, journal, budget, concurrency = 8, now = Date.now } = deps;
  const paid: PaidCallContext = {
    journal,
    budget,
    counts: { paid: 0, resumed: 0, repeated: 0 },
    signal,
    sleep,
    charged: new Set(),
  };
  const experiment = `${name}: proposer`;
  return {
    baseline: structuredClone(baseline),
    pattern: visiblePattern(deps.pattern, examples),
    examples,
    failures: visibleFailures(deps.notes, examples),
    async evaluate(config, { exampleIds } = {}) {
      const chosen = exampleIds ? exampleIds.map((id) => examples.get(id)) : examples.list();
      const arm = { name: "proposed", config };
      const armKey = stableId("arm", canonicalJson(config));
      return mapWithLimit(chosen, concurrency, async (example): Promise<VisibleResult> => {
        const run = await runExample({ experiment, trial, arm, armKey, example, repetition: 0, now }, paid);
        const { outputs, error, scores } = run.result;
        const comments = scores.flatMap((score) => (score.comment === undefined ? [] : [score.comment]));
        return { exampleId: example.id, pass: run.pass, score: run.score, outputs, error, comments };
      });
    },
    submit: (proposal) => void submitted.push(proposal),
    pay: <R extends JsonObject>({ key, maxUsd, run }: ProposerCall<R>) =>
      paidCall<R>(
        {
          key: stableId("proposer", experiment, key),
          maxUsd,
          timeoutMs: 300_000,
          run,
          failed(message) {
            throw new Error(message);
          },
        },
        paid,
      ),
    budget: {
      get spentUsd() {
        return budget.spentUsd;
      },
      maxUsd: budget.maxUsd,
    },
    random: randomSource(deps.seed ?? 1),
    signal,
  };
}

/** Evidence quotes traces, so only that of visible examples may be shown. */
function visibleFailures(notes: readonly FailureNote[], examples: VisibleExamples): VisibleFailure[] {
  const exampleOf = new Map(examples.list().map((example) => [example.sourceTraceId, example.id]));
  return notes.flatMap(({ traceId, attribution, outputs, key, score, comment }) => {
    const exampleId = exampleOf.get(traceId);
    if (exampleId === undefined) return [];
    const culprit = attribution?.culprit ?? null;
    const blamed = culprit && {
      name: culprit.name,
      kind: culprit.kind,
      evidence: culprit.evidence.map((item) => item.text),
    };
    return [{ exampleId, outputs: structuredClone(outputs), key, score, comment, culprit: blamed }];
  });
}

function visiblePattern<C>(pattern: ProposerDeps<C>["pattern"], examples: VisibleExamples): ProposerDeps<C>["pattern"] {
  const visible = new Set(examples.list().map((example) => example.sourceTraceId));
  const { sentence, predicates, share, riskRatio, culprits, exemplars } = pattern;
  return structuredClone({
    sentence,
    predicates,
    ...(share !== undefined && { share }),
    ...(riskRatio !== undefined && { riskRatio }),
    ...(culprits && { culprits }),
    ...(exemplars && { exemplars: exemplars.filter((traceId) => visible.has(traceId)) }),
  });
}
