import { LoopsmithError } from "../model/errors.ts";
import { endCanary } from "./canary.ts";
import { remember, STAGES_IN_USE } from "./remedy-state.ts";
import type { RemedyStage, RemedyState } from "./remedy-state.ts";

/**
 * - `approve`: lets a remedy start, or its winner come into use
 * - `promote`: the winner comes into use without (or instead of the rest of) a canary
 * - `reject`: ends it before anything is in use
 * - `roll_back`: takes back what is in use
 */
export const REMEDY_ACTIONS = ["approve", "promote", "reject", "roll_back"] as const;

export type RemedyAction = (typeof REMEDY_ACTIONS)[number];

/** Somebody's decision, for the history. */
export interface Decision {
  who: string;
  why: string;
}

/**
 * What a decision makes of a remedy. It needs the state alone, so a person can take it anywhere; whoever has the
 * definition carries it out.
 * @throws LoopsmithError `conflict` where there is nothing to decide so, `invalid` where a promotion cannot be taken back
 */
export function decideRemedy<C>(
  state: RemedyState<C>,
  action: RemedyAction,
  { who, why }: Decision,
  at: number,
): RemedyState<C> {
  const decided = (change: Partial<RemedyState<C>>, what: string): RemedyState<C> =>
    remember(state, { ...change, deferred: null }, { who, what, why }, at);
  switch (action) {
    case "approve":
      if (state.stage === "awaiting_start") return decided({ stage: "collecting" }, "Let it start.");
      if (state.stage !== "awaiting_approval") throw refuse(state, "nothing awaits approval");
      return decided({ stage: state.next ?? "promoting", approval: { who, why } }, `Approved ${state.winner}.`);
    case "promote": {
      if (state.stage !== "awaiting_approval" && state.stage !== "canary")
        throw refuse(state, "nothing is ready to be promoted");
      const canary = state.canary && endCanary(state.canary, "promoted", at, why);
      const approval = state.approval ?? { who, why };
      return decided({ stage: "promoting", canary, approval }, `Asked for the promotion of ${state.winner}.`);
    }
    case "reject": {
      if (!REJECTABLE.has(state.stage)) throw refuse(state, "there is nothing to reject");
      const canary = state.canary && endCanary(state.canary, "rolled_back", at, why);
      return decided({ stage: "rejected", canary }, `Rejected ${state.winner ?? "the remedy"}.`);
    }
    case "roll_back":
      if (!state.promoted || !STAGES_IN_USE.has(state.stage)) throw refuse(state, "nothing is in use");
      if (!state.promoted.reversible) {
        throw new LoopsmithError("invalid", "This promotion cannot be taken back by Loopsmith.", {
          hint: "Take it back where it was made, or pass a promoter with `rollBack`.",
        });
      }
      return decided({ stage: "rolling_back" }, `Asked to take ${state.winner} back.`);
    default:
      return action satisfies never;
  }
}

const REJECTABLE: ReadonlySet<RemedyStage> = new Set<RemedyStage>([
  "awaiting_start",
  "collecting",
  "proposing",
  "screening",
  "testing",
  "inconclusive",
  "awaiting_approval",
  "canary",
]);

function refuse(state: Pick<RemedyState<unknown>, "name" | "stage">, wanted: string): LoopsmithError {
  return new LoopsmithError(
    "conflict",
    `The remedy "${state.name}" is ${state.stage.replaceAll("_", " ")}; ${wanted}.`,
    {
      hint: "Look at its state first.",
    },
  );
}
