import { LoopsmithError } from "../../model/errors.ts";
import { ISSUE_STATES, type FollowedPattern, type IssueState } from "../../model/issue.ts";
import type { ExperimentPlatform } from "../../remedy/experiment-platform.ts";
import type { Trial } from "../../remedy/experiment.ts";
import type { RemedyDefinition } from "../../remedy/remedy-definition.ts";
import type { WindowOption } from "../window.ts";

/** A remedy as it stands beside a loop: the loop brings evaluators, pass marks, traces and the pattern. */
export interface RemedyDeclaration<C extends object = object> extends Omit<RemedyDefinition<C>, "on" | "trial"> {
  /**
   * Which issues it is for: an issue's id (or its beginning), a feature its conditions speak of, or your own choice. One
   * at a time, the oldest first. @default every issue
   */
  on?: string | ((issue: FollowedPattern) => boolean);
  /** States in which an issue is taken up. @default confirmed, growing, stable, shrinking, regressed */
  when?: readonly IssueState[];
  /** Whether a person must let it start, before anything is paid for. @default "automatic" */
  start?: "automatic" | "approval";
  /** The application, and what a call of it may cost and take. It is judged by the loop's evaluators. */
  trial: Omit<Trial<C>, "evaluators" | "threshold">;
  /** Traces the dataset is made from, by their start. @default "7d" */
  window?: WindowOption;
  /** Queue in which a person is asked to approve the winner. @default "remedy approvals" */
  approvalQueue?: string;
  /** Where datasets, experiments and prompts live. @default where the loop's traces do */
  platform?: ExperimentPlatform;
}

const WHEN: readonly IssueState[] = ["confirmed", "growing", "stable", "shrinking", "regressed"];

/**
 * Gives a remedy its types, so that several over different configurations can stand beside one loop. The configuration's
 * type is `baseline`'s, and everything else is checked against it. A promoter is made by a call of its own, which is
 * typed before that is known: name the type of its function's parameter.
 */
export function defineRemedy<C extends object>(
  declaration: RemedyDeclaration<NoInfer<C>> & { baseline: C },
): RemedyDeclaration {
  return declaration as unknown as RemedyDeclaration;
}

/** @throws LoopsmithError `invalid` naming the option */
export function assertRemedies(declarations: readonly RemedyDeclaration[], learns: boolean): void {
  const names = new Set<string>();
  const refuse = (what: string, hint: string): never => {
    throw new LoopsmithError("invalid", what, { hint, details: { option: "remedy" } });
  };
  for (const { name, candidates, trial, baseline, when = WHEN } of declarations) {
    if (typeof name !== "string" || name.trim() === "") refuse("a remedy has no name", "Give every remedy a name.");
    if (names.has(name)) refuse(`two remedies are named "${name}"`, "Give every remedy a name of its own.");
    names.add(name);
    if (typeof trial?.target !== "function")
      refuse(
        `remedy "${name}" has no trial.target`,
        "Give a function that runs your application under a configuration.",
      );
    if (!Array.isArray(candidates) || candidates.length === 0)
      refuse(`remedy "${name}" has no candidates`, "Give a list, a grid, a function or a proposer.");
    if (typeof baseline !== "object" || baseline === null)
      refuse(`remedy "${name}" has no baseline`, "Give the configuration in use, as a JSON object.");
    const unknown = when.find((state) => !ISSUE_STATES.includes(state));
    if (unknown !== undefined) refuse(`remedy "${name}" waits for "${unknown}"`, `Use ${ISSUE_STATES.join(", ")}.`);
    if (!learns) refuse(`remedy "${name}" needs patterns to be followed`, "Leave `learn` on.");
  }
}

/** The issues a declaration is for, the oldest first. */
export function issuesFor(
  { on, when = WHEN }: RemedyDeclaration,
  issues: readonly FollowedPattern[],
): FollowedPattern[] {
  const isMeant = (issue: FollowedPattern): boolean => {
    if (on === undefined) return true;
    if (typeof on === "function") return on(issue);
    return issue.id.startsWith(on) || issue.predicates.some(({ feature }) => feature === on);
  };
  return issues
    .filter((issue) => issue.mergedInto === null && issue.dismissedAt === null)
    .filter((issue) => when.includes(issue.state) && isMeant(issue))
    .sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.id < b.id ? -1 : 1));
}
