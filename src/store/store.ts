import type { BucketStore } from "./resource/bucket.ts";
import type { BudgetStore } from "./resource/budget.ts";
import type { ComparativeStore } from "./resource/comparative.ts";
import type { CursorStore } from "./resource/cursor.ts";
import type { DatasetStore } from "./resource/dataset.ts";
import type { DeliveryStore } from "./resource/delivery.ts";
import type { EvaluationStore } from "./resource/evaluation.ts";
import type { ExperimentStore } from "./resource/experiment.ts";
import type { FeedbackConfigStore } from "./resource/feedback-config.ts";
import type { FeedbackStore } from "./resource/feedback.ts";
import type { LearningStore } from "./resource/learning.ts";
import type { LedgerStore } from "./resource/ledger.ts";
import type { MiningStore } from "./resource/mining.ts";
import type { OnlineEvaluatorStore } from "./resource/online-evaluator.ts";
import type { ProjectStore } from "./resource/project.ts";
import type { PromptStore } from "./resource/prompt.ts";
import type { QueueStore } from "./resource/queue.ts";
import type { RemedyRecordStore } from "./resource/remedy.ts";
import type { RetentionStore } from "./resource/retention.ts";
import type { SecretStore } from "./resource/secret.ts";
import type { SpanStatsStore } from "./resource/span-stats.ts";
import type { SpanStore } from "./resource/span.ts";
import type { ThreadShareStore } from "./resource/thread-share.ts";
import type { VerdictStore } from "./resource/verdict.ts";

/** What differs between databases, so that nobody outside `store/<db>/` asks for a database's name. */
export interface StoreCapabilities {
  /** Several processes may claim work at the same time. Where false, claims are safe but serialised by the file lock. */
  concurrentClaims: boolean;
  /** Finest step of a stored timestamp, in ms. */
  timePrecisionMs: number;
}

/**
 * The one seam between Loopsmith and its database. Every method is `nounVerb(params)`; every write is durable (committed
 * and fsynced) when its promise resolves. Not public API: it changes without notice.
 *
 * Times are epoch milliseconds whose fraction carries microseconds. A missing thing is `null`, never an exception.
 */
export interface Store
  extends
    ProjectStore,
    SpanStore,
    SpanStatsStore,
    ThreadShareStore,
    FeedbackStore,
    FeedbackConfigStore,
    OnlineEvaluatorStore,
    QueueStore,
    LedgerStore,
    VerdictStore,
    CursorStore,
    DeliveryStore,
    SecretStore,
    RetentionStore,
    DatasetStore,
    ExperimentStore,
    ComparativeStore,
    PromptStore,
    BudgetStore,
    EvaluationStore,
    BucketStore,
    LearningStore,
    MiningStore,
    RemedyRecordStore {
  readonly capabilities: StoreCapabilities;
  /** The database's clock in epoch ms: leases and due times of all workers are measured against this one. */
  now(): number;
  /** Waits for writes in flight, then releases the database. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
