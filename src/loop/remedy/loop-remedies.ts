import { LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { CanaryOutcome } from "../../remedy/canary.ts";
import { decideRemedy, type Decision, type RemedyAction } from "../../remedy/decide-remedy.ts";
import type { RemedyPlan } from "../../remedy/remedy-plan.ts";
import type { RemedyState } from "../../remedy/remedy-state.ts";
import type { AssignedTraffic } from "../../remedy/remedy.ts";
import type { Store } from "../../store/store.ts";
import type { LoopEmitter } from "../events.ts";
import type { OpenLoop } from "../open-loop.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import { approvalQueue, type ApprovalQueue } from "./ask-approval.ts";
import type { RemedyDeclaration } from "./declare-remedy.ts";
import type { DeclaredRemedyDeps, RemedyProgress } from "./declared-remedy.ts";
import { durableRemedyStore } from "./remedy-store.ts";
import { storedRemedy } from "./stored-remedy.ts";
import { declaredWork, workOnRemedy, type DeclaredWork } from "./work-on-remedies.ts";

/** The remedies of one loop. */
export interface LoopRemedies {
  /** The most recently changed first. */
  list(): Promise<RemedyState<object>[]>;
  /** By id, or an unambiguous beginning of it or of its name. @throws LoopsmithError `not_found`, `invalid` */
  get(id: string): Promise<RemedyState<object>>;
  /** What the declared remedies would do next, and cost at most. Writes and pays nothing. */
  plan(options?: { name?: string }): Promise<RemedyPlan[]>;
  /** Takes the declared remedies as far as they go now. A started loop does that by itself. */
  run(options?: RunRemediesOptions): Promise<RemedyState<object>[]>;
  /**
   * Records a person's decision. It is carried out by whoever runs the loop's file, at once or within a minute.
   * @throws LoopsmithError `conflict` where there is nothing to decide so
   */
  decide(id: string, action: RemedyAction, decision: Decision): Promise<RemedyState<object>>;
  /** The configuration for a live unit of traffic, by the name a remedy is declared under. */
  assign(name: string, unit: string): Promise<AssignedTraffic<object>>;
  /**
   * Live outcomes for a canary. Without one they change nothing. Not needed for traces that carry `assign`'s metadata:
   * the loop counts its own verdicts on those.
   */
  observeTraffic(name: string, outcomes: readonly CanaryOutcome[]): Promise<void>;
}

export interface RunRemediesOptions {
  /** Only the remedy declared under this name. */
  name?: string;
  onProgress?: (progress: RemedyProgress) => void;
  signal?: AbortSignal;
  /** Leaves alone what waited for more data, money or a provider less than so long ago. @default 0 */
  patienceMs?: number;
}

export function loopRemedies(loop: OpenLoop, options: ResolvedLoopOptions, emitter: LoopEmitter): LoopRemedies {
  const { store, loopId } = loop;
  const queues = new Map<string, ApprovalQueue>();
  const triedAt = new Map<string, number>();
  const states = telling(emitter, durableRemedyStore<object>(store, loopId));

  const depsOf = ({ signal, onProgress }: RunRemediesOptions = {}) => {
    return (declaration: RemedyDeclaration): DeclaredRemedyDeps => {
      const experiments = declaration.platform ?? loop.experiments;
      if (!experiments) {
        throw new LoopsmithError(
          "invalid",
          `remedy "${declaration.name}" has nowhere to keep datasets and experiments`,
          {
            hint: "Give it a `platform`: embeddedExperiments(store) or langsmithExperiments(client).",
            details: { option: "remedy" },
          },
        );
      }
      const approvals =
        queues.get(declaration.name) ??
        approvalQueue({ platform: loop.platform, experiments }, declaration.approvalQueue);
      queues.set(declaration.name, approvals);
      const common = { loop, options, experiments, states, approvals };
      return { ...common, ...(signal && { signal }), ...(onProgress && { onProgress }) };
    };
  };

  const declared = (name?: string): RemedyDeclaration[] => {
    const found = options.remedies.filter((declaration) => name === undefined || declaration.name === name);
    if (found.length > 0 || name === undefined) return found;
    const known = options.remedies.map((declaration) => declaration.name).join(", ") || "none";
    throw new LoopsmithError("not_found", `no remedy is declared as "${name}"`, { hint: `There are: ${known}.` });
  };

  const inCanary = async (name: string): Promise<DeclaredWork | undefined> =>
    (await declaredWork(declared(name), depsOf())).find(({ state }) => state?.stage === "canary");
  /** So that live traffic does not read the store for every request. */
  const routes = new Map<string, { at: number; work: DeclaredWork | undefined }>();

  return {
    async list() {
      return (await store.remedyList({ loopId })).map((record) => storedRemedy<object>(record));
    },
    get: async (id) => findRemedy(store, id, loopId),
    async plan({ name } = {}) {
      const work = await declaredWork(declared(name), depsOf());
      return Promise.all(work.map(({ remedy }) => remedy.plan()));
    },
    async run({ name, patienceMs = 0, ...run } = {}) {
      const done: RemedyState<object>[] = [];
      for (const work of await declaredWork(declared(name), depsOf(run))) {
        const { id } = work.remedy;
        const waits = work.state !== null && isWaiting(work.state);
        if (waits && store.now() - (triedAt.get(id) ?? Number.NEGATIVE_INFINITY) < patienceMs) continue;
        triedAt.set(id, store.now());
        const state = await workOnRemedy(work, depsOf(run)(work.declaration));
        if (state) done.push(state);
      }
      return done;
    },
    async decide(id, action, decision) {
      const state = await decideStored(store, id, action, decision, loopId);
      triedAt.delete(state.id);
      return state;
    },
    async assign(name, unit) {
      const known = routes.get(name);
      const route =
        known && store.now() - known.at < ROUTE_MS ? known : { at: store.now(), work: await inCanary(name) };
      routes.set(name, route);
      if (route.work) return route.work.remedy.assign(unit);
      const [declaration] = declared(name);
      return { arm: "baseline", share: 0, config: declaration?.baseline ?? {}, metadata: {} };
    },
    async observeTraffic(name, outcomes) {
      const work = await inCanary(name);
      if (work) await work.remedy.observeTraffic(outcomes);
    },
  };
}

const ROUTE_MS = 1_000;
/** More of the same will not help before something outside has changed. */
const WAITING: ReadonlySet<RemedyState<object>["stage"]> = new Set(["collecting", "inconclusive", "canary"]);

function isWaiting({ stage, deferred }: RemedyState<object>): boolean {
  return deferred !== null || WAITING.has(stage);
}

/** Every line of history is told as it is written. */
function telling(
  emitter: LoopEmitter,
  states: ReturnType<typeof durableRemedyStore<object>>,
): ReturnType<typeof durableRemedyStore<object>> {
  return {
    ...states,
    async remedyWrite(params) {
      const written = await states.remedyWrite(params);
      const event = params.state.history.at(-1);
      if (written && event) emitter.emit("remedy:changed", { remedy: params.state, event });
      return written;
    },
  };
}

/**
 * A remedy by id, or the only one whose id or name begins so.
 * @param loopId default: those of every loop
 * @throws LoopsmithError `not_found`, or `invalid` when several begin so
 */
export async function findRemedy(store: Store, id: string, loopId?: string): Promise<RemedyState<object>> {
  const all = await store.remedyList(loopId === undefined ? {} : { loopId });
  const states = all.map((record) => storedRemedy<object>(record));
  const found = states.filter((state) => state.id.startsWith(id) || state.name.startsWith(id));
  const [only] = found;
  if (only && found.length === 1) return only;
  const code = found.length > 1 ? "invalid" : "not_found";
  throw new LoopsmithError(code, `${found.length || "no"} remedies begin with "${id}"`, {
    hint: "`loopsmith remedy list` shows them with their ids.",
  });
}

/**
 * Records a decision on a remedy, wherever its definition is.
 * @throws LoopsmithError `not_found`, `invalid`; `conflict` where there is nothing to decide so, or it changed meanwhile
 */
export async function decideStored(
  store: Store,
  id: string,
  action: RemedyAction,
  decision: Decision,
  loopId?: string,
): Promise<RemedyState<object>> {
  const state = await findRemedy(store, id, loopId);
  const record = await store.remedyGet({ id: state.id });
  const next = decideRemedy(state, action, decision, store.now());
  const put = { id: state.id, loopId: record?.loopId ?? "", expectedVersion: state.version };
  if (await store.remedyPut({ ...put, state: next as unknown as JsonObject })) return next;
  throw new LoopsmithError("conflict", `The remedy "${state.name}" was changed by somebody else meanwhile.`, {
    hint: "Look at its state and try again.",
  });
}
