import { stableId } from "../../model/id.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Decision, RemedyAction } from "../../remedy/decide-remedy.ts";
import type { ExperimentPlatform } from "../../remedy/experiment-platform.ts";
import type { RemedyState } from "../../remedy/remedy-state.ts";

/** Feedback under this key on the run in the queue decides: 1 approves, 0 rejects; its comment says why. */
export const APPROVAL_KEY = "loopsmith_approval";

export interface ApprovalQueue {
  /** Puts a run of the winner into the queue, with the case for it. Again for the same winner it changes nothing. */
  ask(state: RemedyState<object>, summary: string): Promise<void>;
  /** What a reviewer said since, if anything. */
  answer(state: RemedyState<object>): Promise<{ action: RemedyAction; decision: Decision } | null>;
}

/** Approvals by annotation queue, the place where people look at runs anyway. */
export function approvalQueue(
  { platform, experiments }: { platform: Platform; experiments: ExperimentPlatform },
  queueName = "remedy approvals",
): ApprovalQueue {
  const runs = new Map<string, ShownRun>();
  /** The first of the winner's runs by the hash of its example: the same in every process. */
  const runOf = async (state: RemedyState<object>): Promise<ShownRun | null> => {
    const name = state.candidates.find((candidate) => candidate.name === state.winner)?.experimentName ?? "";
    const known = runs.get(name);
    if (known) return known;
    const found = await firstRun(experiments, name);
    if (found) runs.set(name, found);
    return found;
  };
  return {
    async ask(state, summary) {
      const run = await runOf(state);
      if (!run) return;
      const { runId, projectId, startAt } = run;
      const span = { spanId: runId, traceId: runId, projectId, startAt };
      await platform.queueAdd({
        id: stableId("remedy approval", state.id, state.winner ?? ""),
        queueName,
        span,
        context: {
          remedy: state.name,
          remedy_id: state.id,
          candidate: state.winner,
          approve_with: APPROVAL_KEY,
          summary,
        },
        contextSpan: span,
      });
    },
    async answer(state) {
      const run = await runOf(state);
      if (!run) return null;
      const said = await experiments.feedbackList({ runIds: [run.runId] });
      const last = said.findLast(({ key, score }) => key === APPROVAL_KEY && score !== null);
      if (!last) return null;
      const action = (last.score ?? 0) >= 0.5 ? "approve" : "reject";
      return {
        action,
        decision: { who: last.who ?? "a reviewer", why: last.comment ?? `${APPROVAL_KEY} in the queue` },
      };
    },
  };
}

interface ShownRun {
  runId: string;
  projectId: string;
  startAt: number;
}

async function firstRun(experiments: ExperimentPlatform, experimentName: string): Promise<ShownRun | null> {
  const experiment = await experiments.experimentFind({ nameOrId: experimentName });
  if (!experiment) return null;
  const results = await experiments.resultList({ experimentId: experiment.id });
  const [first] = results.sort((a, b) => (a.runId < b.runId ? -1 : 1));
  return first ? { runId: first.runId, projectId: experiment.id, startAt: first.startAt } : null;
}
