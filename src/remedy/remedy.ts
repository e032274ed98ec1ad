import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { assignCanary, describeCanary, endCanary, observeCanary, startCanary } from "./canary.ts";
import type { CanaryArm, CanaryOutcome } from "./canary.ts";
import type { PromoteContext, Promoted } from "./promote/promoter.ts";
import { AUTOMATIC, promotionOf, summaryOf, winnerOf } from "./promotion-of.ts";
import type { RemedyDefinition, RemedyDeps } from "./remedy-definition.ts";
import { planRemedy } from "./remedy-plan.ts";
import type { RemedyPlan } from "./remedy-plan.ts";
import type { RemedyEvent, RemedyStage, RemedyState } from "./remedy-state.ts";
import { afterApproval, collectExamples, proposeCandidates, screenCandidates, testCandidates } from "./remedy-work.ts";
import { sleep } from "./sleep.ts";

/** Somebody's decision, for the history. */
export interface Decision {
  who: string;
  why: string;
}

/** One remedy on its way. Every method loads the state, does its part and saves it with a line of history. */
export interface Remedy<C> {
  readonly id: string;
  state(): Promise<RemedyState<C>>;
  /** What a run would do and cost at most. Writes and pays nothing. */
  plan(): Promise<RemedyPlan>;
  /** Goes on until it is done, waits for something, or is deferred. Safe to repeat, also after a crash. */
  run(): Promise<RemedyState<C>>;
  /** Agrees to the winner and goes on. @throws LoopsmithError `conflict` when nothing awaits approval */
  approve(decision: Decision): Promise<RemedyState<C>>;
  /** @throws LoopsmithError `conflict` when it is already in use or ended */
  reject(decision: Decision): Promise<RemedyState<C>>;
  /** Takes the promotion back. @throws LoopsmithError `conflict` when nothing is in use, `invalid` when it cannot be */
  rollBack(decision: Decision): Promise<RemedyState<C>>;
  /** The configuration for a live unit of traffic, and the share to report with its outcome. At most a second behind. */
  assign(unit: string): Promise<{ arm: CanaryArm; share: number; config: C }>;
  /** Live outcomes of a canary; ends it when the evidence is there, and goes on. */
  observeTraffic(outcomes: readonly CanaryOutcome[]): Promise<RemedyState<C>>;
  /** What the pattern's life says while the fix is in use. */
  observePattern(status: "resolved" | "regressed", why: string): Promise<RemedyState<C>>;
  /** The case for the winner in markdown; `null` before there is one. */
  summary(): Promise<string | null>;
}

/**
 * The chain from a pattern to a fix in use: dataset, candidates, experiment, gate, approval, canary, promotion, watch.
 * State lives in `deps.store`, paid work in `deps.journal`, so any process may go on with it.
 */
export function createRemedy<C extends object>(definition: RemedyDefinition<C>, deps: RemedyDeps<C>): Remedy<C> {
  const { store, now = Date.now } = deps;
  const id = stableId("remedy", definition.name, definition.on.id);

  /** What `assign` goes by, so that live traffic does not read the store for every request. */
  let routing: { at: number; state: RemedyState<C> } | null = null;

  const load = async (): Promise<RemedyState<C>> =>
    (await store.remedyRead({ id })) ?? {
      id,
      name: definition.name,
      patternId: definition.on.id,
      stage: "collecting",
      deferred: null,
      dataset: null,
      candidates: [],
      winner: null,
      approval: null,
      canary: null,
      promoted: null,
      history: [],
      version: 0,
    };

  const save = async (
    state: RemedyState<C>,
    change: Partial<RemedyState<C>>,
    event: Pick<RemedyEvent, "what" | "why"> & { who?: string },
  ): Promise<RemedyState<C>> => {
    const stage = change.stage ?? state.stage;
    const { who = "loopsmith", what, why } = event;
    const last = state.history.at(-1);
    // A run that finds everything as it was adds nothing to tell.
    const news = last?.what !== what || last.why !== why || last.stage !== stage;
    const history = news ? [...state.history, { at: now(), stage, who, what, why }] : state.history;
    const next = { ...state, ...change, history, version: state.version + 1 };
    routing = null;
    if (await store.remedyWrite({ state: next, expectedVersion: state.version })) return next;
    throw new LoopsmithError("conflict", `The remedy "${definition.name}" was changed by somebody else meanwhile.`, {
      hint: "Look at its state and try again; nothing paid for is paid twice.",
    });
  };

  const run = async (): Promise<RemedyState<C>> => {
    let state = await load();
    for (;;) {
      const before = state.stage;
      state = await step(state);
      if (state.stage === before || state.deferred !== null) return state;
    }
  };

  /** One stage's work. A state that comes back in the same stage waits for something. */
  async function step(state: RemedyState<C>): Promise<RemedyState<C>> {
    switch (state.stage) {
      case "collecting": {
        const { change, ...event } = await collectExamples(definition, deps);
        return save(state, change, event);
      }
      case "proposing": {
        const { change, ...event } = await proposeCandidates(definition, deps);
        return save(state, change, event);
      }
      case "screening": {
        const { change, ...event } = await screenCandidates(definition, deps, state);
        return save(state, change, event);
      }
      case "testing": {
        const { change, ...event } = await testCandidates(definition, deps, state);
        const approval = change.winner && definition.approval === "automatic" ? { approval: AUTOMATIC } : {};
        return save(state, { ...change, ...approval }, event);
      }
      case "inconclusive": {
        const grown = await collectExamples(definition, deps);
        const more = (grown.change.dataset?.heldOut ?? 0) > (state.dataset?.heldOut ?? 0);
        return more ? save(state, { dataset: grown.change.dataset ?? null, stage: "testing" }, grown) : state;
      }
      case "awaiting_approval":
        await deps.requestApproval?.({ state, summary: summaryOf(definition, state) });
        return state;
      case "canary": {
        if (state.canary) return state;
        const canary = startCanary(id, now(), definition.canary);
        const what = `${state.winner} serves ${canary.share * 100}% of live traffic.`;
        return save(state, { canary }, { what, why: "Live failures decide whether it stays." });
      }
      case "promoting":
        return promote(state);
      default:
        return state;
    }
  }

  async function promote(state: RemedyState<C>): Promise<RemedyState<C>> {
    const { promote: promoter } = definition;
    if (!promoter || state.promoted) return watch(state);
    let promoted: Promoted;
    try {
      promoted = await promoter.promote(promotionOf(definition, state), promoteContext());
    } catch (error) {
      deps.signal?.throwIfAborted();
      if (isConflict(error)) throw error;
      const why = errorMessage(error);
      return save(state, { deferred: why }, { what: `The promotion (${promoter.kind}) did not succeed.`, why });
    }
    const what = `${state.winner} was promoted (${promoter.kind}): ${promoted.url ?? promoted.reference}.`;
    return watch(await save(state, { promoted, deferred: null }, { what, why: state.approval?.why ?? "" }));
  }

  async function watch(state: RemedyState<C>): Promise<RemedyState<C>> {
    const reference = state.promoted?.reference ?? state.winner ?? "";
    await deps.watchPattern?.({ patternId: state.patternId, remedyId: id, reference, at: now() });
    const why = definition.promote
      ? "The fix is in use."
      : "Nothing to promote with is configured: bring it into use yourself.";
    return save(state, { stage: "watching" }, { what: "The pattern is being watched.", why });
  }

  const promoteContext = (): PromoteContext => ({
    signal: deps.signal ?? new AbortController().signal,
    now,
    sleep: deps.sleep ?? sleep,
  });

  const refuse = (state: RemedyState<C>, wanted: string): LoopsmithError =>
    new LoopsmithError("conflict", `The remedy "${state.name}" is ${state.stage.replaceAll("_", " ")}; ${wanted}.`, {
      hint: "Look at its state first.",
    });

  const rollBack = async (state: RemedyState<C>, { who, why }: Decision): Promise<RemedyState<C>> => {
    const { promote: promoter } = definition;
    if (!state.promoted) throw refuse(state, "nothing was promoted");
    if (!promoter?.rollBack) {
      throw new LoopsmithError("invalid", "This promotion cannot be taken back by Loopsmith.", {
        hint: "Take it back where it was made, or pass a promoter with `rollBack`.",
      });
    }
    await promoter.rollBack(promotionOf(definition, state), state.promoted, promoteContext());
    return save(
      state,
      { stage: "rolled_back" },
      { who, what: `${state.winner} was taken back (${promoter.kind}).`, why },
    );
  };

  return {
    id,
    state: load,
    plan: async () => planRemedy(definition, deps, await load()),
    run,
    async approve({ who, why }) {
      const state = await load();
      if (state.stage !== "awaiting_approval") throw refuse(state, "nothing awaits approval");
      const stage = afterApproval(definition);
      await save(state, { stage, approval: { who, why } }, { who, what: `Approved ${state.winner}.`, why });
      return run();
    },
    async reject({ who, why }) {
      const state = await load();
      if (!REJECTABLE.has(state.stage)) throw refuse(state, "there is nothing to reject");
      const canary = state.canary && endCanary(state.canary, "rolled_back", now(), why);
      return save(
        state,
        { stage: "rejected", canary },
        { who, what: `Rejected ${state.winner ?? "the remedy"}.`, why },
      );
    },
    async rollBack(decision) {
      return rollBack(await load(), decision);
    },
    async assign(unit) {
      if (routing === null || now() - routing.at >= ROUTING_MS) routing = { at: now(), state: await load() };
      const { state } = routing;
      const { arm, share } = state.canary ? assignCanary(state.canary, unit) : { arm: "baseline" as const, share: 0 };
      return { arm, share, config: arm === "candidate" ? winnerOf(state).config : definition.baseline };
    },
    async observeTraffic(outcomes) {
      const state = await load();
      if (state.stage !== "canary" || !state.canary) return state;
      const canary = outcomes.reduce(
        (current, outcome) => observeCanary(current, outcome, definition.canary),
        state.canary,
      );
      if (canary === state.canary) return state;
      if (canary.status === "running") {
        return save(
          state,
          { canary },
          { what: `Canary at ${canary.share * 100}%.`, why: `Stage ${canary.stage + 1}.` },
        );
      }
      const stage = canary.status === "promoted" ? "promoting" : "rolled_back";
      await save(
        state,
        { canary, stage },
        { what: `The canary ended: ${canary.status.replace("_", " ")}.`, why: canary.reason ?? describeCanary(canary) },
      );
      return run();
    },
    async observePattern(status, why) {
      const state = await load();
      if (state.stage !== "watching" && state.stage !== "resolved" && state.stage !== "regressed") return state;
      const next = await save(state, { stage: status }, { what: `The pattern is ${status}.`, why });
      const back = status === "regressed" && definition.rollBackOnRegression && state.promoted;
      return back ? rollBack(next, { who: "loopsmith", why: "The pattern came back." }) : next;
    },
    async summary() {
      const state = await load();
      return state.winner === null ? null : summaryOf(definition, state);
    },
  };
}

const ROUTING_MS = 1_000;

const REJECTABLE: ReadonlySet<RemedyStage> = new Set<RemedyStage>([
  "collecting",
  "proposing",
  "screening",
  "testing",
  "inconclusive",
  "awaiting_approval",
  "canary",
]);

function isConflict(error: unknown): boolean {
  return LoopsmithError.isInstance(error) && error.code === "conflict";
}
