import type { EvaluationCache } from "../../evaluator/evaluation-cache.ts";
import type { CallLimits } from "../../evaluator/evaluator.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Store } from "../../store/store.ts";
import type { LoopEmitter } from "../events.ts";
import type { LoopTracing } from "../loop-tracing.ts";
import type { ResolvedLoopOptions } from "../options.ts";
import type { BlameHistory } from "./blame-history.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { Lineage } from "./lineage.ts";

/** What judging stands on. */
export interface JudgeDeps {
  store: Store;
  platform: Platform;
  loopId: string;
  projectId: string;
  readKeys: readonly string[];
  history: BlameHistory;
  lineage: Lineage;
  callLimits: CallLimits;
  sharedCache: EvaluationCache;
  breaker: CircuitBreaker;
  tracing: LoopTracing;
  options: ResolvedLoopOptions;
  emitter: LoopEmitter;
  /** Called when deliveries were queued. */
  onDeliveries: () => void;
}
