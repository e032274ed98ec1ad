import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { Promotion } from "./promote/promoter.ts";
import type { RemedyDefinition } from "./remedy-definition.ts";
import type { RemedyState, TriedCandidate } from "./remedy-state.ts";
import { remedySummary } from "./summary.ts";

/** Who agrees where nobody is asked. */
export const AUTOMATIC = { who: "loopsmith", why: "The gate passed and no approval was asked for." } as const;

/** The candidate that passed and was chosen. @throws LoopsmithError `internal` before there is one */
export function winnerOf<C>(state: RemedyState<C>): TriedCandidate<C> & { verdict: Promotion<C>["verdict"] } {
  const winner = state.candidates.find((candidate) => candidate.name === state.winner);
  if (winner?.verdict) return { ...winner, verdict: winner.verdict };
  throw new LoopsmithError("internal", `The remedy "${state.name}" has no winner in stage ${state.stage}.`, {
    hint: "Report this as a bug of Loopsmith.",
  });
}

/** The case for the winner in markdown. */
export function summaryOf<C extends object>({ on, baseline }: RemedyDefinition<C>, state: RemedyState<C>): string {
  const { name, candidates } = state;
  return remedySummary({ name, patternSentence: on.sentence, baseline, candidate: winnerOf(state), candidates });
}

/** The winner on its way into use; the same state gives the same promotion. */
export function promotionOf<C extends object>(definition: RemedyDefinition<C>, state: RemedyState<C>): Promotion<C> {
  const winner = winnerOf(state);
  return {
    id: stableId("promotion", state.id, winner.name),
    remedy: state.name,
    pattern: { id: state.patternId, sentence: definition.on.sentence },
    baseline: definition.baseline,
    candidate: winner,
    verdict: winner.verdict,
    summary: summaryOf(definition, state),
    ...(state.approval ?? AUTOMATIC),
  };
}
