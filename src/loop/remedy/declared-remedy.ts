import { LoopsmithError } from "../../model/errors.ts";
import { stableId } from "../../model/id.ts";
import type { FollowedPattern } from "../../model/issue.ts";
import { toExperimentEvaluator } from "./experiment-evaluator.ts";
import type { DatasetOptions, NamedPattern } from "../../remedy/dataset.ts";
import type { ExperimentProgress } from "../../remedy/experiment-options.ts";
import type { ExperimentPlatform } from "../../remedy/experiment-platform.ts";
import type { RemedyDefinition, RemedyDeps } from "../../remedy/remedy-definition.ts";
import { createRemedy, type Remedy } from "../../remedy/remedy.ts";
import type { RemedyStore } from "../../remedy/remedy-state.ts";
import { actOnIssue } from "../loop-issues.ts";
import type { OpenLoop } from "../open-loop.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import { resolveWindow } from "../window.ts";
import type { ApprovalQueue } from "./ask-approval.ts";
import type { RemedyDeclaration } from "./declare-remedy.ts";
import { patternTraces, type PatternTraces } from "./pattern-traces.ts";
import { durableJournal } from "./remedy-store.ts";

export interface RemedyProgress extends ExperimentProgress {
  remedy: string;
  stage: "screening" | "testing";
}

export interface DeclaredRemedyDeps {
  loop: OpenLoop;
  options: ResolvedLoopOptions;
  experiments: ExperimentPlatform;
  states: RemedyStore<object>;
  approvals: ApprovalQueue;
  signal?: AbortSignal;
  onProgress?: (progress: RemedyProgress) => void;
}

/** The same declaration for the same issue is the same remedy, in every process and after every restart. */
export function remedyIdOf(loopId: string, declaration: Pick<RemedyDeclaration, "name">, issueId: string): string {
  return stableId("remedy", loopId, declaration.name, issueId);
}

/** Names dataset and experiments too, which loops and issues must not share. */
export function remedyNameOf({ name }: Pick<RemedyDeclaration, "name">, id: string): string {
  return `${name} ${id.slice(0, 8)}`;
}

/** A declaration at work on an issue: the loop's evaluators, traces, reviewers and patterns, wired to it. */
export function declaredRemedy(
  declaration: RemedyDeclaration,
  issue: FollowedPattern,
  others: readonly FollowedPattern[],
  deps: DeclaredRemedyDeps,
): Remedy<object> {
  const { loop, options, experiments, states, approvals, signal, onProgress } = deps;
  const { store, loopId, platform } = loop;
  const id = remedyIdOf(loopId, declaration, issue.id);
  const name = remedyNameOf(declaration, id);
  const { window = "7d", trial, dataset } = declaration;

  const read = async (): Promise<PatternTraces> => {
    const projectId = await platform.projectId({ name: options.projectName });
    const range = resolveWindow(window, store.now());
    return patternTraces({ store, platform, experiments, loopId, projectId }, range, issue.predicates);
  };
  /** What proposers are told comes from the traces the dataset was made of, which are read once. */
  let traces: Promise<PatternTraces> | null = null;
  const { sentence, predicates } = issue;
  const definition: RemedyDefinition<object> = {
    ...declaration,
    name,
    on: { id: issue.id, sentence, predicates },
    trial: {
      ...trial,
      evaluators: options.evaluators.map((evaluator) => toExperimentEvaluator(evaluator, loop.callLimits)),
      threshold: options.threshold,
    },
    dataset: { ...withSlices(others), ...dataset },
  };
  const wired: RemedyDeps<object> = {
    id,
    platform: experiments,
    journal: durableJournal(store, id),
    store: states,
    sources: async () => (await (traces = read())).sources,
    notes: async () => (await (traces ??= read())).notes,
    async watchPattern({ patternId, reference, remedyId }) {
      await linkExperiment(loop, patternId, { id: remedyId, label: `remedy "${name}", in use as ${reference}` });
    },
    requestApproval: ({ state, summary }) => approvals.ask(state, summary),
    now: () => store.now(),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, remedy: name }) }),
  };
  return createRemedy(definition, wired);
}

/** Connects an issue with an experiment, once, and says so in its history. */
export async function linkExperiment(
  { store, loopId }: Pick<OpenLoop, "store" | "loopId">,
  issueId: string,
  experiment: { id: string; label: string },
): Promise<void> {
  const link = { kind: "experiment" as const, ...experiment };
  await actOnIssue(store, loopId, issueId, { do: "link", link }, "loopsmith").catch((error: unknown) => {
    // An issue merged away meanwhile is watched through the one it was merged into.
    if (!LoopsmithError.isInstance(error)) throw error;
  });
}

/** Other followed patterns must not get worse: what they match becomes slices, named by their conditions. */
function withSlices(others: readonly FollowedPattern[]): Pick<DatasetOptions, "otherPatterns"> {
  const named = others.map(({ predicates }): NamedPattern => {
    const conditions = predicates.map(({ feature, operator, value }) => `${feature} ${operator} ${String(value)}`);
    return { name: conditions.join(" and "), predicates };
  });
  return { otherPatterns: named };
}
