import { sleep } from "../internal/sleep.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { assignCanary, describeCanary, observeCanary, startCanary } from "./canary.ts";
import type { CanaryArm, CanaryOutcome } from "./canary.ts";
import { canaryTag } from "./canary-tag.ts";
import { decideRemedy } from "./decide-remedy.ts";
import type { Decision, RemedyAction } from "./decide-remedy.ts";
import type { PromoteContext } from "./promote/promoter.ts";
import { AUTOMATIC, promotionOf, summaryOf, winnerOf } from "./promotion-of.ts";
import type { RemedyDefinition, RemedyDeps } from "./remedy-definition.ts";
import { planRemedy } from "./remedy-plan.ts";
import type { RemedyPlan } from "./remedy-plan.ts";
import { newRemedy, remember } from "./remedy-state.ts";
import type { RemedyEvent, RemedyState } from "./remedy-state.ts";
import { collectExamples, proposeCandidates, screenCandidates, testCandidates } from "./remedy-work.ts";

/** One remedy on its way. Every method loads the state, does its part and saves it with a line of history. */
export interface Remedy<C> {
  readonly id: string;
  state(): Promise<RemedyState<C>>;
  /** What a run would do and cost at most. Writes and pays nothing. */
  plan(): Promise<RemedyPlan>;
  /** Goes on until it is done, waits for something, or is deferred. Safe to repeat, also after a crash. */
  run(): Promise<RemedyState<C>>;
  /**
   * Takes a person's decision and goes on from there.
   * @throws LoopsmithError `conflict` where there is nothing to decide so, `invalid` where a promotion cannot be taken back
   */
  decide(action: RemedyAction, decision: Decision): Promise<RemedyState<C>>;
  /** The configuration for a live unit of traffic, and what to note or report of it. At most a second behind. */
  assign(unit: string): Promise<AssignedTraffic<C>>;
  /**
   * Live outcomes of a canary; ends it when the evidence is there, and goes on.
   * @param heardUntil of a loop that reports its own verdicts: up to when (epoch ms)
   */
  observeTraffic(outcomes: readonly CanaryOutcome[], heardUntil?: number): Promise<RemedyState<C>>;
  /** What the pattern's life says while the fix is in use. */
  observePattern(status: "resolved" | "regressed", why: string): Promise<RemedyState<C>>;
  /** The case for the winner in markdown; `null` before there is one. */
  summary(): Promise<string | null>;
}

/** Who serves a unit of live traffic. */
export interface AssignedTraffic<C> {
  arm: CanaryArm;
  /** Goes with the outcome into `observeTraffic`. */
  share: number;
  config: C;
  /** For the metadata of the unit's trace, so that the loop counts its verdict; empty while there is no canary. */
  metadata: Record<string, string>;
}

/**
 * The chain from a pattern to a fix in use: dataset, candidates, experiment, gate, approval, canary, promotion, watch.
 * State lives in `deps.store`, paid work in `deps.journal`, so any process may go on with it.
 */
export function createRemedy<C extends object>(definition: RemedyDefinition<C>, deps: RemedyDeps<C>): Remedy<C> {
  const { store, platform, now = Date.now } = deps;
  const id = deps.id ?? stableId("remedy", definition.name, definition.on.id);

  /** What `assign` goes by, so that live traffic does not read the store for every request. */
  let routing: { at: number; state: RemedyState<C> } | null = null;

  const load = async (): Promise<RemedyState<C>> =>
    (await store.remedyRead({ id })) ??
    newRemedy({ id, name: definition.name, patternId: definition.on.id, baseline: definition.baseline });

  const write = async (before: RemedyState<C>, next: RemedyState<C>): Promise<RemedyState<C>> => {
    routing = null;
    if (await store.remedyWrite({ state: next, expectedVersion: before.version })) return next;
    throw new LoopsmithError("conflict", `The remedy "${definition.name}" was changed by somebody else meanwhile.`, {
      hint: "Look at its state and try again; nothing paid for is paid twice.",
    });
  };

  const save = (
    state: RemedyState<C>,
    change: Partial<RemedyState<C>>,
    event: Pick<RemedyEvent, "what" | "why"> & { who?: string },
  ): Promise<RemedyState<C>> => write(state, remember(state, change, { who: "loopsmith", ...event }, now()));

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
      case "rolling_back":
        return takeBack(state);
      default:
        return state;
    }
  }

  async function promote(state: RemedyState<C>): Promise<RemedyState<C>> {
    const { promote: promoter } = definition;
    if (!promoter || state.promoted) return watch(state);
    const outcome = await attempt(() => promoter.promote(promotionOf(definition, state), promoteContext()));
    if ("why" in outcome) return defer(state, `The promotion (${promoter.kind}) did not succeed.`, outcome.why);
    const promoted = { ...outcome.result, reversible: promoter.rollBack !== undefined };
    const what = `${state.winner} was promoted (${promoter.kind}): ${promoted.url ?? promoted.reference}.`;
    return watch(await save(state, { promoted, deferred: null }, { what, why: state.approval?.why ?? "" }));
  }

  async function takeBack(state: RemedyState<C>): Promise<RemedyState<C>> {
    const { promote: promoter } = definition;
    const { promoted } = state;
    const asked = state.history.findLast((event) => event.stage === "rolling_back");
    const outcome = await attempt(async () => {
      if (!promoted || !promoter?.rollBack)
        throw new Error("No promoter that could take it back is declared any more.");
      await promoter.rollBack(promotionOf(definition, state), promoted, promoteContext());
    });
    if ("why" in outcome) return defer(state, "Taking it back did not succeed.", outcome.why);
    const what = `${state.winner} was taken back (${promoter?.kind}).`;
    return save(state, { stage: "rolled_back", deferred: null }, { what, why: asked?.why ?? "" });
  }

  /** An outside effect that may fail for now: it is told, and tried again by the next run. */
  async function attempt<T>(effect: () => Promise<T>): Promise<{ result: T } | { why: string }> {
    try {
      return { result: await effect() };
    } catch (error) {
      deps.signal?.throwIfAborted();
      if (LoopsmithError.isInstance(error) && error.code === "conflict") throw error;
      return { why: errorMessage(error) };
    }
  }

  const defer = (state: RemedyState<C>, what: string, why: string): Promise<RemedyState<C>> =>
    save(state, { deferred: why }, { what, why });

  async function watch(state: RemedyState<C>): Promise<RemedyState<C>> {
    const reference = state.promoted?.reference ?? state.winner ?? "";
    await deps.watchPattern?.({ patternId: state.patternId, remedyId: id, reference, at: now() });
    const why = definition.promote
      ? "The fix is in use."
      : "Nothing to promote with is configured: bring it into use yourself.";
    return save(state, { stage: "watching" }, { what: "The pattern is being watched.", why });
  }

  const promoteContext = (): PromoteContext => ({
    platform,
    signal: deps.signal ?? new AbortController().signal,
    now,
    sleep: deps.sleep ?? sleep,
  });

  const decide = async (action: RemedyAction, decision: Decision): Promise<RemedyState<C>> => {
    const state = await load();
    await write(state, decideRemedy(state, action, decision, now()));
    return run();
  };

  return {
    id,
    state: load,
    plan: async () => planRemedy(definition, deps, await load()),
    run,
    decide,
    async assign(unit) {
      if (routing === null || now() - routing.at >= ROUTING_MS) routing = { at: now(), state: await load() };
      const { state } = routing;
      const { canary } = state;
      if (!canary) return { arm: "baseline", share: 0, config: definition.baseline, metadata: {} };
      const { arm, share } = assignCanary(canary, unit);
      const config = arm === "candidate" ? winnerOf(state).config : definition.baseline;
      return { arm, share, config, metadata: canary.status === "running" ? canaryTag(canary.id, share, unit) : {} };
    },
    async observeTraffic(outcomes, heardUntil) {
      const state = await load();
      if (state.stage !== "canary" || !state.canary) return state;
      const seen = outcomes.reduce(
        (current, outcome) => observeCanary(current, outcome, definition.canary),
        state.canary,
      );
      if (seen === state.canary) return state;
      const canary = { ...seen, heardUntil: heardUntil ?? seen.heardUntil };
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
      if (state.stage === status || !LIVE.has(state.stage)) return state;
      const next = await save(state, { stage: status }, { what: `The pattern is ${status}.`, why });
      const back = status === "regressed" && definition.rollBackOnRegression && next.promoted?.reversible;
      return back ? decide("roll_back", { who: "loopsmith", why: "The pattern came back." }) : next;
    },
    async summary() {
      const state = await load();
      return state.winner === null ? null : summaryOf(definition, state);
    },
  };
}

const ROUTING_MS = 1_000;

/** In use, so that what the pattern does counts. */
const LIVE: ReadonlySet<string> = new Set(["watching", "resolved", "regressed"]);
