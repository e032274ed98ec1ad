import { setMaxListeners } from "node:events";
import { followAbort } from "../internal/follow-abort.ts";
import { mapWithLimit } from "../internal/map-with-limit.ts";
import { sleep } from "../internal/sleep.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import { createBudget } from "./budget.ts";
import type { RemedyBudget } from "./budget.ts";
import { memoryJournal } from "./experiment-journal.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";
import type { ArmOutcome, ExperimentOptions, ExperimentOutcome, ExperimentProgress } from "./experiment-options.ts";
import { keepPlan } from "./experiment-plan.ts";
import type { ExperimentPlan } from "./experiment-plan.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import { openArms } from "./open-arms.ts";
import type { OpenArm } from "./open-arms.ts";
import type { CallCounts, PaidCallContext } from "./paid-call.ts";
import { pairOf } from "./pair-of.ts";
import type { RemedyExample } from "./remedy-example.ts";
import { runExample } from "./run-example.ts";
import type { ArmRun } from "./run-example.ts";

/** What one example came to, by the arm's key. */
type ExampleRuns = Map<string, ArmRun[]>;

/**
 * Runs the baseline and every candidate on the same examples and asks each candidate's gate after every one. Examples
 * come in the order of their hashes (see `keepPlan`) and all arms run on one before the next, so neither speed nor a drifting provider
 * favours an arm. A candidate whose verdict is in is not run any further; when all are decided the experiment ends.
 *
 * What was paid for is in the journal, so the same call after a crash, or after a budget or a provider gave out, goes on
 * where it stopped and comes to the same verdict.
 *
 * @throws LoopsmithError `invalid` for arms without distinct names or configurations, and whatever the platform or the
 * journal throws; the reason of `signal` when stopped
 */
export async function runExperiment<C>(options: ExperimentOptions<C>): Promise<ExperimentOutcome<C>> {
  const { name, platform, trial, repetitions = 1, concurrency = 8, now = Date.now } = options;
  const journal = options.journal ?? memoryJournal();
  const budget = options.budget ?? createBudget();
  const counts: CallCounts = { paid: 0, resumed: 0, repeated: 0 };
  const stopper = new AbortController();
  const { signal } = stopper;
  // One listener for each call in flight, however many those are.
  setMaxListeners(0, signal);
  const context: PaidCallContext = { journal, budget, counts, signal, sleep: options.sleep ?? sleep };
  const plan = await keepPlan(name, options.examples, options.candidates.length, journal);
  const examples = inOrderOf(plan, options.examples);
  const arms = await openArms(options, plan);
  const [baseline, ...candidates] = arms;

  const inOrder = createInOrder((index, runs: ExampleRuns) => {
    const example = examples[index];
    const base = runs.get(baseline?.key ?? "");
    for (const arm of candidates) {
      const own = runs.get(arm.key);
      if (example && base && own) arm.gate?.observe(pairOf(example, base, own));
    }
    options.onProgress?.(progressOf(index + 1, examples.length, arms, budget));
  });

  let deferred: string | null = null;
  const marks: Promise<void>[] = [];
  const callsPerExample = arms.length * repetitions;
  const runOne = async (example: RemedyExample, index: number): Promise<void> => {
    const open = candidates.filter((arm) => !arm.gate?.outcome);
    if (deferred !== null || (candidates.length > 0 && open.length === 0)) return;
    const work = [...(baseline ? [baseline] : []), ...open].flatMap((arm) =>
      Array.from({ length: repetitions }, (_, repetition) => ({ arm, repetition })),
    );
    const runs: ExampleRuns = new Map();
    let whole = true;
    await mapWithLimit(work, Math.min(concurrency, callsPerExample), async ({ arm, repetition }) => {
      const given = { experiment: name, trial, arm: arm.arm, armKey: arm.key, example, repetition, now };
      try {
        const run = await runExample(given, context);
        await writeOnce(platform, journal, arm.experimentId, run, marks);
        count(arm, run);
        runs.set(arm.key, [...(runs.get(arm.key) ?? []), run]);
      } catch (error) {
        if (!isDeferral(error)) throw error;
        // No new example is begun; calls in flight come to their end, since they are paid for.
        deferred ??= errorMessage(error);
        whole = false;
      }
    });
    if (whole) inOrder(index, runs);
  };
  const unfollow = options.signal && followAbort(options.signal, stopper);
  try {
    await mapWithLimit(examples, Math.max(1, Math.floor(concurrency / callsPerExample)), runOne);
    await Promise.all(marks);
  } catch (error) {
    stopper.abort(error);
    throw error;
  } finally {
    unfollow?.();
  }
  const outcomes = arms.map(outcomeOf);
  await annotate(platform, outcomes, deferred);
  return {
    status: deferred === null ? "complete" : "deferred",
    reason: deferred,
    baseline: outcomes[0] as ArmOutcome<C>,
    candidates: outcomes.slice(1),
    spentUsd: budget.spentUsd,
    calls: counts,
  };
}

/** Examples that are gone from the dataset are passed over. */
function inOrderOf({ order }: ExperimentPlan, examples: readonly RemedyExample[]): RemedyExample[] {
  const byId = new Map(examples.map((example) => [example.id, example]));
  return order.flatMap((id) => byId.get(id) ?? []);
}

/** Hands results on in order of their index, whatever the order they arrive in. */
function createInOrder<T>(handle: (index: number, value: T) => void): (index: number, value: T) => void {
  const early = new Map<number, T>();
  let next = 0;
  return (index, value) => {
    early.set(index, value);
    for (let ready = early.get(next); ready !== undefined; ready = early.get(next)) {
      early.delete(next);
      handle(next, ready);
      next += 1;
    }
  };
}

/**
 * Results have ids of their own, so writing one again after a crash changes nothing; the mark saves the request, and
 * nobody waits for it before the next example.
 */
async function writeOnce(
  platform: ExperimentPlatform,
  journal: ExperimentJournal,
  experimentId: string,
  { result }: ArmRun,
  marks: Promise<void>[],
): Promise<void> {
  const key = stableId("written", experimentId, result.runId, ...result.scores.map((score) => score.id));
  if ((await journal.get(key)) !== null) return;
  await platform.resultWrite({ experimentId, result });
  const mark = journal.settle(key, {}, 0);
  // Told where all are waited for.
  mark.catch(() => undefined);
  marks.push(mark);
}

function count<C>(arm: OpenArm<C>, { pass }: ArmRun): void {
  arm.runs += 1;
  if (pass !== null) arm.judged += 1;
  if (pass === true) arm.passed += 1;
}

function progressOf<C>(
  examplesDone: number,
  examplesTotal: number,
  arms: readonly OpenArm<C>[],
  budget: RemedyBudget,
): ExperimentProgress {
  return {
    examplesDone,
    examplesTotal,
    runsDone: arms.reduce((sum, arm) => sum + arm.runs, 0),
    spentUsd: budget.spentUsd,
    decided: Object.fromEntries(
      arms.flatMap(({ arm, gate }) => (gate?.outcome ? [[arm.name, gate.outcome] as const] : [])),
    ),
  };
}

function outcomeOf<C>({ arm, experimentId, experimentName, gate, runs, judged, passed }: OpenArm<C>): ArmOutcome<C> {
  const passRate = judged > 0 ? passed / judged : null;
  return { arm, experimentId, experimentName, runs, passRate, verdict: gate?.verdict() ?? null };
}

async function annotate<C>(
  platform: ExperimentPlatform,
  outcomes: readonly ArmOutcome<C>[],
  deferred: string | null,
): Promise<void> {
  for (const { experimentId, verdict } of outcomes) {
    if (!verdict) continue;
    const { explanation, eValue, bar, pMcNemar, pairs } = verdict;
    const gate: JsonObject = {
      verdict: verdict.verdict,
      explanation,
      e_value: eValue,
      bar,
      p_mcnemar: pMcNemar,
      pairs,
    };
    await platform.experimentAnnotate({ experimentId, metadata: { loopsmith_gate: { ...gate, deferred } } });
  }
}

function isDeferral(error: unknown): boolean {
  return LoopsmithError.isInstance(error) && (error.code === "budget_exhausted" || error.code === "unavailable");
}
