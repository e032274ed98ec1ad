import type { Client } from "langsmith";
import type { EvaluationCache } from "../evaluator/evaluation-cache.ts";
import type { CallLimits } from "../evaluator/evaluator.ts";
import { LoopsmithError } from "../model/errors.ts";
import { loopIdOf } from "../model/id.ts";
import { embeddedPlatform, type EmbeddedSource } from "../platform/embedded.ts";
import { embeddedExperiments } from "../platform/embedded-experiments.ts";
import { langsmithExperiments } from "../platform/langsmith-experiments.ts";
import { langsmithPlatform } from "../platform/langsmith.ts";
import type { ExperimentPlatform } from "../remedy/experiment-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { rateLimiter } from "../platform/rate-limiter.ts";
import { storePace } from "../platform/store-pace.ts";
import type { Store } from "../store/store.ts";
import { openBlameHistory, type BlameHistory } from "./judge/blame-history.ts";
import { createCallLimits } from "./judge/call-limits.ts";
import { circuitBreaker, type CircuitBreaker } from "./judge/circuit-breaker.ts";
import { openLineage, type Lineage } from "./judge/lineage.ts";
import { sampledBy } from "./judge/sample.ts";
import { storeCache } from "./judge/store-cache.ts";
import { loopTracing, type LoopTracing } from "./loop-tracing.ts";
import { alertsDocument } from "./loop-alerts.ts";
import type { FeedbackLoopOptions, ResolvedLoopOptions } from "./options.ts";

/** A loop with its platform and ledger at hand. */
export interface OpenLoop {
  platform: Platform;
  store: Store;
  loopId: string;
  history: BlameHistory;
  /** Where remedies keep datasets, experiments and prompts; `null` where the client has no such place. */
  experiments: ExperimentPlatform | null;
  /** Feedback keys whose scores the loop reads; one that people give later has its trace judged again. */
  readKeys: readonly string[];
  lineage: Lineage;
  /** Waits until an evaluator may be called. */
  callLimits: CallLimits;
  sharedCache: EvaluationCache;
  /** Which evaluators this process has stopped asking. */
  breaker: CircuitBreaker;
  tracing: LoopTracing;
  /**
   * Enters the loop into the store, or brings a retired one back; to be called once its project was found, and before anything runs
   * that others see. Looking and dry runs leave what runs as it is.
   */
  register(): Promise<void>;
  /** Releases what was opened here; a store that was passed in stays open. */
  close(): Promise<void>;
}

export async function openLoop(options: FeedbackLoopOptions, resolved: ResolvedLoopOptions): Promise<OpenLoop> {
  const source = sourceOf(options.client);
  const given = options.store ?? source.store;
  const store = given ?? (await openOwnStore(options.dataDir));
  const { platform, experiments } = source.open(store);
  const loopId = loopIdOf(resolved);
  const read = resolved.evaluators.flatMap(({ feedbackKeys = [] }) => feedbackKeys);
  const readKeys = [...new Set([...read, ...sampledBy(resolved.sample)])];
  const history = await openBlameHistory(store, loopId, resolved.threshold);
  const lineage = await openLineage(store, resolved.lineageKey);
  return {
    platform,
    store,
    loopId,
    readKeys,
    history,
    lineage,
    tracing: loopTracing(resolved.tracer, resolved.name, lineage),
    breaker: circuitBreaker(),
    callLimits: createCallLimits(store, loopId, resolved.limits),
    sharedCache: storeCache(store),
    experiments,
    async register() {
      await store.loopEnsure({
        id: loopId,
        name: resolved.name,
        projectName: resolved.projectName,
        config: {
          threshold: resolved.threshold as number,
          evaluators: [...resolved.evaluators, ...resolved.conversations].map(({ name, version }) => ({
            name,
            version,
          })),
          reads: { keys: readKeys, settleMs: resolved.settleMs },
          alerts: alertsDocument(resolved.alerts),
          budgets: resolved.budgets.map((budget) => ({ ...budget })),
        },
      });
    },
    close: () => (given ? Promise.resolve() : store.close()),
  };
}

async function openOwnStore(dataDir?: string): Promise<Store> {
  // Loaded here, so that importing the package pulls in no database.
  const { openStore } = await import("../store/open-store.ts");
  return openStore(dataDir === undefined ? {} : { dataDir });
}

interface Source {
  /** The store the traces live in, where that is ours. */
  store: Store | null;
  open(store: Store): Pick<OpenLoop, "platform" | "experiments">;
}

function sourceOf(client: FeedbackLoopOptions["client"]): Source {
  if (typeof client === "object" && client !== null) {
    if ("traceRead" in client && "traceHeads" in client && "queueAdd" in client) {
      const platform = client as Platform;
      return { store: platform.store, open: () => ({ platform, experiments: null }) };
    }
    if ("store" in client) {
      const platform = embeddedPlatform(client as EmbeddedSource);
      return { store: platform.store, open: () => ({ platform, experiments: embeddedExperiments(client.store) }) };
    }
    if ("createFeedback" in client && "listRuns" in client) {
      return { store: null, open: (store) => openLangSmith(client as Client, store) };
    }
  }
  throw new LoopsmithError("invalid", "client is neither a LangSmith Client nor an embedded server", {
    hint: 'Pass new Client() from "langsmith", or the server from createServer() of "loopsmith/server".',
    details: { option: "client" },
  });
}

/** A LangSmith is asked at one pace, which all workers on the store keep to. */
function openLangSmith(client: Client, store: Store): Pick<OpenLoop, "platform" | "experiments"> {
  const { host } = new URL((client as unknown as { apiUrl: string }).apiUrl);
  const limiter = rateLimiter({ updatePace: storePace(store, host), now: () => store.now() });
  return { platform: langsmithPlatform({ client, limiter }), experiments: langsmithExperiments(client, limiter) };
}
