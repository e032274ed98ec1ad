import { countCandidates } from "./candidates.ts";
import { buildDataset } from "./dataset.ts";
import { readDataset } from "./dataset-store.ts";
import { moreExamples } from "./more-examples.ts";
import type { RemedyDefinition, RemedyDeps } from "./remedy-definition.ts";
import type { RemedyStage, RemedyState } from "./remedy-state.ts";

export interface PlannedStep {
  step: "dataset" | "candidates" | "screening" | "testing" | "approval" | "canary" | "promotion";
  what: string;
  /** Paid calls at most. */
  calls: number;
  /** US dollars at most. */
  maxUsd: number;
}

export interface RemedyPlan {
  name: string;
  stage: RemedyStage;
  steps: PlannedStep[];
  /** US dollars at most, all steps together and never over the budget. Stopping early usually costs less. */
  maxUsd: number;
  spentUsd: number;
  /** What may go wrong, in sentences. */
  warnings: string[];
}

/** An improvement of this size is what `warnings` speak of. */
const EXPECTED_IMPROVEMENT = 0.15;

/** What a run would do from here and cost at most, from the same sources a run would use. Writes and pays nothing. */
export async function planRemedy<C extends object>(
  definition: RemedyDefinition<C>,
  deps: RemedyDeps<C>,
  state: RemedyState<C>,
): Promise<RemedyPlan> {
  const { name, on, trial, dataset, screen, gate, repetitions = 1, minExamples = 20, maxCandidates = 20 } = definition;
  const { budgetUsd = Number.POSITIVE_INFINITY, promote, canary, approval = "required" } = definition;
  const existing = await readDataset(deps.platform, name);
  const pattern = { name: on.sentence, predicates: on.predicates };
  const { examples, changed } = buildDataset(name, pattern, await deps.sources(), existing, dataset);
  const count = (split: string, control?: boolean): number =>
    examples.filter((example) => example.split === split && (control === undefined || example.control === control))
      .length;
  const [heldOutTargets, visibleTargets] = [count("held_out", false), count("visible", false)];

  const counts = definition.candidates.map(countCandidates);
  const open = counts.includes(null);
  const known = counts.reduce<number>((sum, number) => sum + (number ?? 0), 0);
  const candidates = state.candidates.length > 0 ? state.candidates.length : open ? maxCandidates : known;
  const finalists = screen ? Math.min(screen.keep, candidates) : candidates;
  const proposes = definition.candidates.some((source) => "propose" in source);
  const proposerUsd = proposes ? (definition.proposerBudgetUsd ?? budgetUsd / 4) : 0;

  const callsOfRun = 1 + trial.evaluators.length;
  const usdOfRun = trial.evaluators.reduce(
    (sum, evaluator) => sum + (evaluator.maxCostUsd ?? 0),
    trial.maxCostUsd ?? 0,
  );
  const paid = (runs: number): Pick<PlannedStep, "calls" | "maxUsd"> => ({
    calls: runs * callsOfRun,
    maxUsd: runs * usdOfRun,
  });
  const runsOf = (arms: number, examples: number): number => (1 + arms) * examples * repetitions;
  const free = { calls: 0, maxUsd: 0 };
  const steps: PlannedStep[] = [
    {
      step: "dataset",
      what: `${changed.length} new examples: ${visibleTargets} failing ones to learn from, ${heldOutTargets} for the gate, ${count("visible", true) + count("held_out", true)} controls.`,
      ...free,
    },
    {
      step: "candidates",
      what: `${open ? "up to " : ""}${candidates} candidates${proposes ? ", some from a proposer" : ""}.`,
      calls: 0,
      maxUsd: proposerUsd,
    },
    ...(screen && candidates > finalists
      ? [
          {
            step: "screening" as const,
            what: `The best ${finalists} of ${candidates} on ${visibleTargets} visible examples.`,
            ...paid(runsOf(candidates, visibleTargets)),
          },
        ]
      : []),
    {
      step: "testing",
      what: `Baseline and ${finalists} candidates on ${count("held_out")} examples no proposer sees, ${repetitions} times each.`,
      ...paid(runsOf(finalists, count("held_out"))),
    },
    ...(approval === "required" ? [{ step: "approval" as const, what: "A person approves the winner.", ...free }] : []),
    ...(canary ? [{ step: "canary" as const, what: "The winner serves a share of live traffic first.", ...free }] : []),
    {
      step: "promotion",
      what: promote ? `By ${promote.kind}.` : "None is configured: the winner is reported.",
      ...free,
    },
  ];
  const total = steps.reduce((sum, step) => sum + step.maxUsd, 0);
  const spentUsd = await deps.journal.spentUsd();
  const warnings: string[] = [];
  if (heldOutTargets < minExamples)
    warnings.push(`Nothing is paid for until the gate has ${minExamples} failing examples; it has ${heldOutTargets}.`);
  const alpha = (gate?.alpha ?? 0.05) / Math.max(1, finalists);
  const needed = moreExamples([], {
    alpha,
    planned: heldOutTargets,
    eValue: 1,
    nullMean: 0,
    assumedMean: EXPECTED_IMPROVEMENT,
  });
  if (needed !== null && heldOutTargets < needed) {
    warnings.push(
      `To show an improvement of ${EXPECTED_IMPROVEMENT * 100} points with four chances in five the gate may need ${needed} failing examples; it has ${heldOutTargets}. Fewer candidates or \`screen\` lower that.`,
    );
  }
  const margin = gate?.slices?.margin ?? 0.1;
  const controls = count("held_out", true);
  const proof = moreExamples([], { alpha, planned: controls, eValue: 1, nullMean: -margin, assumedMean: 0 });
  if (proof !== null && controls > 0 && controls < proof && (gate?.slices?.proveFrom ?? 0) <= controls) {
    warnings.push(
      `To show that the controls lose less than ${margin * 100} points the gate may need ${proof} of them; it has ${controls}. With \`gate.slices.proveFrom\` small slices are only watched for harm.`,
    );
  }
  if (total > budgetUsd - spentUsd)
    warnings.push("The budget may end before the last step; what is left is then deferred.");
  return {
    name,
    stage: state.stage,
    steps,
    maxUsd: Math.min(total, Math.max(0, budgetUsd - spentUsd)),
    spentUsd,
    warnings,
  };
}
