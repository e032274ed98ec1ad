import type { JsonObject } from "../model/json.ts";
import type { Candidate } from "./candidates.ts";
import type { CanaryState } from "./canary.ts";
import type { GateVerdict } from "./gate-verdict.ts";
import type { Promoted } from "./promote/promoter.ts";

/**
 * - `awaiting_start`: a person has to let it start; nothing was paid for
 * - `collecting`: waits for enough failing traces
 * - `proposing`, `screening`, `testing`: at work; running it again goes on
 * - `inconclusive`: no candidate passed yet and some may; running it again tests on what the dataset has gained
 * - `awaiting_approval`: a candidate passed and a person has to agree
 * - `canary`: the candidate serves a share of live traffic
 * - `promoting`: approved, on its way
 * - `rolling_back`: somebody asked for it to be taken back, on its way
 * - `watching`: in use; the pattern tells whether it comes back
 * - `resolved`, `regressed`: what the pattern told
 * - `not_fixed`, `rejected`, `rolled_back`: ended without the candidate in use
 */
export type RemedyStage =
  | "awaiting_start"
  | "collecting"
  | "proposing"
  | "screening"
  | "testing"
  | "inconclusive"
  | "awaiting_approval"
  | "canary"
  | "promoting"
  | "watching"
  | "resolved"
  | "regressed"
  | "not_fixed"
  | "rejected"
  | "rolling_back"
  | "rolled_back";

/** With a fix in use: the pattern's life says what becomes of it. */
export const STAGES_IN_USE: ReadonlySet<RemedyStage> = new Set<RemedyStage>(["watching", "resolved", "regressed"]);

/** One step, for people: who did what, and why. */
export interface RemedyEvent {
  /** Epoch ms. */
  at: number;
  stage: RemedyStage;
  /** A person's name, or `loopsmith`. */
  who: string;
  what: string;
  why: string;
  details?: JsonObject;
}

/** A candidate with what became of it. */
export interface TriedCandidate<C> extends Candidate<C> {
  /** Share of the visible targets that passed, where candidates were screened. */
  screened?: number | null;
  /** Went on to the gate. */
  finalist: boolean;
  experimentName?: string;
  verdict: GateVerdict | null;
}

/** A remedy's whole memory: plain JSON. */
export interface RemedyState<C> {
  /** Deterministic: of its name and pattern. */
  id: string;
  name: string;
  patternId: string;
  stage: RemedyStage;
  /** Why work stopped before it was done (a budget, a provider), to be gone on with; `null` otherwise. */
  deferred: string | null;
  dataset: { id: string; name: string; version: string; visible: number; heldOut: number; controls: number } | null;
  candidates: TriedCandidate<C>[];
  /** Name of the candidate that passed and was chosen. */
  winner: string | null;
  /** Where an approval of the winner leads; `null` before there is one. */
  next: "canary" | "promoting" | null;
  /** Who agreed to the winner. */
  approval: { who: string; why: string } | null;
  canary: CanaryState | null;
  /** `reversible`: whether the promoter can take it back. */
  promoted: (Promoted & { reversible: boolean }) | null;
  /** The configuration it set out to replace. */
  baseline: C;
  history: RemedyEvent[];
  /** Grows with every write. */
  version: number;
}

/** A remedy nobody has worked on yet. */
export function newRemedy<C>(start: Pick<RemedyState<C>, "id" | "name" | "patternId" | "baseline">): RemedyState<C> {
  return {
    ...start,
    stage: "collecting",
    deferred: null,
    dataset: null,
    candidates: [],
    winner: null,
    next: null,
    approval: null,
    canary: null,
    promoted: null,
    history: [],
    version: 0,
  };
}

/** The next version of a state, with a line of history unless the last line says the same already. */
export function remember<C>(
  state: RemedyState<C>,
  change: Partial<RemedyState<C>>,
  { who, what, why }: Pick<RemedyEvent, "who" | "what" | "why">,
  at: number,
): RemedyState<C> {
  const stage = change.stage ?? state.stage;
  const last = state.history.at(-1);
  const news = last?.what !== what || last.why !== why || last.stage !== stage;
  const history = news ? [...state.history, { at, stage, who, what, why }] : state.history;
  return { ...state, ...change, history, version: state.version + 1 };
}

/** Where remedies are remembered. */
export interface RemedyStore<C> {
  remedyRead(params: { id: string }): Promise<RemedyState<C> | null>;
  /** Writes when the stored version is still `expectedVersion` (0: none is stored); `false` when somebody was faster. */
  remedyWrite(params: { state: RemedyState<C>; expectedVersion: number }): Promise<boolean>;
}

/** A store that lives as long as the process. */
export function memoryRemedyStore<C>(): RemedyStore<C> {
  const states = new Map<string, string>();
  const read = (id: string): RemedyState<C> | null => {
    const text = states.get(id);
    return text === undefined ? null : (JSON.parse(text) as RemedyState<C>);
  };
  return {
    remedyRead: async ({ id }) => read(id),
    async remedyWrite({ state, expectedVersion }) {
      if ((read(state.id)?.version ?? 0) !== expectedVersion) return false;
      states.set(state.id, JSON.stringify(state));
      return true;
    },
  };
}
