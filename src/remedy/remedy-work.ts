import { budgetAfter, budgetWithin } from "./budget.ts";
import type { RemedyBudget } from "./budget.ts";
import { collectCandidates } from "./candidates.ts";
import { growDataset, readDataset } from "./dataset-store.ts";
import type { ExperimentOptions, ExperimentOutcome } from "./experiment-options.ts";
import type { ProposerDeps } from "./proposer.ts";
import type { RemedyDefinition, RemedyDeps } from "./remedy-definition.ts";
import type { RemedyState, TriedCandidate } from "./remedy-state.ts";
import { runExperiment } from "./run-experiment.ts";
import { sealDataset } from "./sealed-dataset.ts";
import type { SealedDataset } from "./sealed-dataset.ts";

/** What a step found: the parts of the state it changes, and a sentence for the history. */
export interface StepResult<C> {
  change: Partial<RemedyState<C>>;
  what: string;
  why: string;
}

/** Failing traces become examples; the next step waits until the gate's split has enough of them. */
export async function collectExamples<C extends object>(
  { name, on, dataset, minExamples = 20 }: RemedyDefinition<C>,
  { platform, sources }: RemedyDeps<C>,
): Promise<StepResult<C>> {
  const pattern = { id: on.id, name: on.sentence, predicates: on.predicates };
  const grown = await growDataset(platform, name, pattern, await sources(), dataset);
  const count = (split: string, control: boolean): number =>
    grown.examples.filter((example) => example.split === split && example.control === control).length;
  const heldOut = count("held_out", false);
  const visible = count("visible", false);
  const controls = count("held_out", true) + count("visible", true);
  const { id, version } = grown;
  const enough = heldOut >= minExamples;
  return {
    change: { dataset: { id, name, version, visible, heldOut, controls }, stage: enough ? "proposing" : "collecting" },
    what: `The dataset "${name}" holds ${visible + heldOut} failing examples and ${controls} controls (${grown.changed.length} new).`,
    why: enough
      ? `${heldOut} failing examples are kept for the gate.`
      : `The gate needs ${minExamples} failing examples of its own and has ${heldOut}.`,
  };
}

/** Candidates from every source; proposers see the visible split. */
export async function proposeCandidates<C extends object>(
  definition: RemedyDefinition<C>,
  deps: RemedyDeps<C>,
): Promise<StepResult<C>> {
  const { name, baseline, candidates: sources, on, trial, maxCandidates, concurrency, budgetUsd, screen } = definition;
  const { journal, notes = async () => [], signal, now } = deps;
  const { visible } = await sealedDataset(definition, deps);
  const proposes = sources.some((source) => "propose" in source);
  const share = definition.proposerBudgetUsd ?? (budgetUsd ?? Number.POSITIVE_INFINITY) / 4;
  const proposer: ProposerDeps<C> = {
    name,
    pattern: on,
    examples: visible,
    notes: proposes ? await notes() : [],
    trial,
    journal,
    budget: budgetWithin(await wholeBudget(definition, deps), share),
    ...(concurrency !== undefined && { concurrency }),
    ...(signal && { signal }),
    ...(now && { now }),
  };
  const found = await collectCandidates(baseline, sources, {
    proposer,
    ...(maxCandidates !== undefined && { maxCandidates }),
  });
  const screening = screen !== undefined && found.length > screen.keep;
  const candidates = found.map((candidate) => ({ ...candidate, finalist: !screening, verdict: null }));
  return {
    change: { candidates, stage: found.length === 0 ? "not_fixed" : screening ? "screening" : "testing" },
    what: `${found.length} candidates: ${found.map((candidate) => candidate.name).join("; ")}.`,
    why:
      found.length === 0
        ? "No source gave a configuration other than the baseline."
        : `From ${sources.length} sources.`,
  };
}

/** All candidates on the visible examples; the best go on. */
export async function screenCandidates<C extends object>(
  definition: RemedyDefinition<C>,
  deps: RemedyDeps<C>,
  state: RemedyState<C>,
): Promise<StepResult<C>> {
  const keep = definition.screen?.keep ?? state.candidates.length;
  const { visible } = await sealedDataset(definition, deps);
  const targets = visible.list().filter((example) => !example.control);
  const outcome = await experiment(definition, deps, state, "screening", state.candidates, targets, false);
  if (outcome.status === "deferred") return deferral(outcome);
  const rates = new Map(outcome.candidates.map(({ arm, passRate }) => [arm.name, passRate]));
  const best = [...state.candidates]
    .sort((a, b) => (rates.get(b.name) ?? -1) - (rates.get(a.name) ?? -1))
    .slice(0, keep)
    .map((candidate) => candidate.name);
  const candidates = state.candidates.map((candidate) => ({
    ...candidate,
    screened: rates.get(candidate.name) ?? null,
    finalist: best.includes(candidate.name),
  }));
  return {
    change: { candidates, deferred: null, stage: "testing" },
    what: `${best.join("; ")} ${best.length === 1 ? "goes" : "go"} on to the gate.`,
    why: `The best of ${candidates.length} on ${targets.length} visible examples.`,
  };
}

/** The finalists on the gate's examples, against the baseline. */
export async function testCandidates<C extends object>(
  definition: RemedyDefinition<C>,
  deps: RemedyDeps<C>,
  state: RemedyState<C>,
): Promise<StepResult<C>> {
  const finalists = state.candidates.filter((candidate) => candidate.finalist);
  const { heldOut } = await sealedDataset(definition, deps);
  const outcome = await experiment(definition, deps, state, "testing", finalists, heldOut, definition.gate ?? {});
  const results = new Map(outcome.candidates.map((candidate) => [candidate.arm.name, candidate]));
  const candidates = state.candidates.map((candidate): TriedCandidate<C> => {
    const result = results.get(candidate.name);
    return result ? { ...candidate, verdict: result.verdict, experimentName: result.experimentName } : candidate;
  });
  if (outcome.status === "deferred") {
    const deferred = deferral<C>(outcome);
    return { ...deferred, change: { ...deferred.change, candidates } };
  }
  const winner = bestPassing(candidates);
  const open = candidates.some((candidate) => candidate.verdict?.verdict === "INCONCLUSIVE");
  const told = candidates.flatMap(({ name, verdict }) => (verdict ? [`${name} ${verdict.verdict}`] : [])).join("; ");
  if (!winner) {
    const stage = open ? "inconclusive" : "not_fixed";
    const more = Math.min(...candidates.flatMap(({ verdict }) => verdict?.moreExamples ?? []));
    const why = Number.isFinite(more) ? `About ${more} more failing examples may decide it.` : "No candidate passed.";
    return { change: { candidates, deferred: null, stage }, what: `The gate: ${told}.`, why };
  }
  const next = definition.canary ? "canary" : "promoting";
  const stage = definition.approval === "automatic" ? next : "awaiting_approval";
  return {
    change: { candidates, winner: winner.name, deferred: null, stage, next },
    what: `The gate: ${told}. ${winner.name} is chosen.`,
    why: winner.verdict?.explanation ?? "",
  };
}

async function wholeBudget<C extends object>(
  { budgetUsd }: RemedyDefinition<C>,
  { journal }: RemedyDeps<C>,
): Promise<RemedyBudget> {
  return budgetAfter(journal, budgetUsd);
}

/** The dataset as it stands on the platform, parted into what proposers and what the gate may hold. */
async function sealedDataset<C extends object>(
  { name }: RemedyDefinition<C>,
  { platform }: RemedyDeps<C>,
): Promise<SealedDataset> {
  return sealDataset(await readDataset(platform, name));
}

async function experiment<C extends object>(
  definition: RemedyDefinition<C>,
  deps: RemedyDeps<C>,
  state: RemedyState<C>,
  stage: "screening" | "testing",
  candidates: readonly TriedCandidate<C>[],
  examples: SealedDataset["heldOut"],
  gate: NonNullable<ExperimentOptions<C>["gate"]>,
): Promise<ExperimentOutcome<C>> {
  const { name, baseline, trial, repetitions, concurrency } = definition;
  const { platform, journal, onProgress, signal, now, sleep } = deps;
  return runExperiment({
    name: `${name} ${stage}`,
    dataset: { id: state.dataset?.id ?? "", version: state.dataset?.version ?? "" },
    examples,
    baseline: { name: "baseline", config: baseline },
    candidates: candidates.map((candidate) => ({ name: candidate.name, config: candidate.config })),
    trial,
    platform,
    journal,
    budget: await wholeBudget(definition, deps),
    gate,
    ...(repetitions !== undefined && { repetitions }),
    ...(concurrency !== undefined && { concurrency }),
    ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, stage }) }),
    ...(signal && { signal }),
    ...(now && { now }),
    ...(sleep && { sleep }),
  });
}

function deferral<C>({ reason, spentUsd }: ExperimentOutcome<C>): StepResult<C> {
  return {
    change: { deferred: reason },
    what: `Stopped after $${spentUsd.toFixed(2)}, to be gone on with.`,
    why: reason ?? "",
  };
}

/** The largest improvement among those that passed. */
function bestPassing<C>(candidates: readonly TriedCandidate<C>[]): TriedCandidate<C> | null {
  const gain = ({ verdict }: TriedCandidate<C>): number => verdict?.improvement.estimate ?? -1;
  const passed = candidates.filter((candidate) => candidate.verdict?.verdict === "PASS");
  return passed.sort((a, b) => gain(b) - gain(a))[0] ?? null;
}
