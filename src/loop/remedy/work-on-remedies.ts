import { canonicalJson } from "../../internal/canonical-json.ts";
import type { FollowedPattern } from "../../model/issue.ts";
import { newRemedy, remember, STAGES_IN_USE, type RemedyStage, type RemedyState } from "../../remedy/remedy-state.ts";
import type { Remedy } from "../../remedy/remedy.ts";
import { canaryOutcomes } from "./canary-outcomes.ts";
import { issuesFor, type RemedyDeclaration } from "./declare-remedy.ts";
import {
  declaredRemedy,
  linkExperiment,
  remedyIdOf,
  remedyNameOf,
  type DeclaredRemedyDeps,
} from "./declared-remedy.ts";
import { whileLeased } from "./remedy-store.ts";
import { storedRemedy } from "./stored-remedy.ts";

/** Ended without a fix in use: the declaration is free for another issue. */
const ENDED: ReadonlySet<RemedyStage> = new Set<RemedyStage>(["not_fixed", "rejected", "rolled_back"]);

/** What a declaration is at, or would take up. */
export interface DeclaredWork {
  declaration: RemedyDeclaration;
  issue: FollowedPattern;
  /** `null`: not taken up yet. */
  state: RemedyState<object> | null;
  remedy: Remedy<object>;
}

/** Every declaration with the remedies it has under way, and the one it would take up next. */
export async function declaredWork(
  declarations: readonly RemedyDeclaration[],
  depsOf: (declaration: RemedyDeclaration) => DeclaredRemedyDeps,
): Promise<DeclaredWork[]> {
  const found: DeclaredWork[] = [];
  for (const declaration of declarations) {
    const deps = depsOf(declaration);
    const { store, loopId } = deps.loop;
    const issues = await store.issueList({ loopId });
    const states = (await store.remedyList({ loopId })).map((record) => storedRemedy<object>(record));
    const workOn = (issue: FollowedPattern, state: RemedyState<object> | null): DeclaredWork => {
      const others = issues.filter((other) => other.id !== issue.id && other.mergedInto === null && !other.dismissedAt);
      return { declaration, issue, state, remedy: declaredRemedy(declaration, issue, others, deps) };
    };
    const own = issues.flatMap((issue) => {
      const state = states.find(({ id }) => id === remedyIdOf(loopId, declaration, issue.id));
      return state ? [{ issue, state }] : [];
    });
    const open = own.filter(({ state }) => !ENDED.has(state.stage));
    found.push(...open.map(({ issue, state }) => workOn(issue, state)));
    if (open.some(({ state }) => blocksOthers(state, declaration))) continue;
    const known = new Set(own.map(({ issue }) => issue.id));
    const [next] = issuesFor(declaration, issues).filter((issue) => !known.has(issue.id));
    if (next) found.push(workOn(next, null));
  }
  return found;
}

/** One at a time; and none from a baseline that a fix in use has replaced, until the declaration says what is in use now. */
function blocksOthers(state: RemedyState<object>, { baseline }: RemedyDeclaration): boolean {
  return !STAGES_IN_USE.has(state.stage) || canonicalJson(state.baseline) === canonicalJson(baseline);
}

/**
 * Takes one piece of work as far as it goes now: takes it up, hears the reviewers, works, and hears the pattern's life.
 * `null` when another worker is at it.
 */
export async function workOnRemedy(work: DeclaredWork, deps: DeclaredRemedyDeps): Promise<RemedyState<object> | null> {
  const { store } = deps.loop;
  const done = await whileLeased(store, work.remedy.id, async () => {
    if (!work.state) await takeUp(work, deps);
    const before = await work.remedy.state();
    const heard = before.stage === "awaiting_approval" ? await deps.approvals.answer(before) : null;
    const reached = await (heard ? work.remedy.decide(heard.action, heard.decision) : work.remedy.run());
    await linkExperiments(work, reached, deps);
    const state = await hearTraffic(work, reached, deps);
    return STAGES_IN_USE.has(state.stage) ? followIssue(work, state, deps) : state;
  });
  return done?.result ?? null;
}

/** The issue names the experiments that tried to fix it, whatever came of them. */
async function linkExperiments(
  { declaration, issue }: DeclaredWork,
  { candidates }: RemedyState<object>,
  { loop }: DeclaredRemedyDeps,
): Promise<void> {
  const known = new Set(issue.links.map(({ id }) => id));
  for (const { name, experimentName } of candidates) {
    if (experimentName === undefined || known.has(experimentName)) continue;
    const label = `candidate "${name}" of remedy "${declaration.name}"`;
    await linkExperiment(loop, issue.id, { id: experimentName, label });
  }
}

/** What the loop itself has decided on the traffic of a canary. */
async function hearTraffic(
  { remedy }: DeclaredWork,
  state: RemedyState<object>,
  { loop: { store, loopId } }: DeclaredRemedyDeps,
): Promise<RemedyState<object>> {
  if (state.stage !== "canary" || !state.canary) return state;
  const { outcomes, heardUntil } = await canaryOutcomes(store, loopId, state.canary);
  return remedy.observeTraffic(outcomes, heardUntil);
}

async function takeUp({ declaration, issue, remedy }: DeclaredWork, deps: DeclaredRemedyDeps): Promise<void> {
  const { store } = deps.loop;
  const name = remedyNameOf(declaration, remedy.id);
  const fresh = newRemedy({ id: remedy.id, name, patternId: issue.id, baseline: declaration.baseline });
  const waits = declaration.start === "approval";
  const plan = waits ? await remedy.plan() : null;
  const why = plan
    ? `Somebody has to let it start. ${plan.steps.map(({ what }) => what).join(" ")} At most $${plan.maxUsd.toFixed(2)}.`
    : `The issue is ${issue.state.replaceAll("_", " ")}: ${issue.sentence}`;
  const what = `Taken up for issue ${issue.id.slice(0, 8)}.`;
  const stage = waits ? "awaiting_start" : "collecting";
  const state = remember(fresh, { stage }, { who: "loopsmith", what, why }, store.now());
  // Refused where another worker was faster; then its state is the one to go on with.
  await deps.states.remedyWrite({ state, expectedVersion: 0 });
}

/** What the pattern's own rules have decided since the fix is in use. */
async function followIssue(
  { remedy }: DeclaredWork,
  state: RemedyState<object>,
  { loop: { store, loopId } }: DeclaredRemedyDeps,
): Promise<RemedyState<object>> {
  const issues = new Map((await store.issueList({ loopId })).map((issue) => [issue.id, issue]));
  let issue = issues.get(state.patternId);
  while (issue && issue.mergedInto !== null) issue = issues.get(issue.mergedInto);
  const inUseAt = state.history.find((event) => event.stage === "watching")?.at ?? 0;
  if (!issue || issue.decidedAt < inUseAt) return state;
  const { state: status, history } = issue;
  if (status !== "resolved" && status !== "regressed") return state;
  const why = history.findLast((entry) => entry.to === status)?.why ?? "";
  return remedy.observePattern(status, why);
}
