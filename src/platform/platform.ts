import type { ExampleAddition } from "../model/dataset.ts";
import type { JsonObject } from "../model/json.ts";
import type { FeedbackWrite } from "../model/span-write.ts";
import type { StandingScore } from "../model/standing-score.ts";
import type { Trace, TraceHead } from "../model/trace.ts";
import type { Store } from "../store/store.ts";

/** A span with all a platform needs to find it again. */
export interface SpanReference {
  spanId: string;
  traceId: string;
  projectId: string;
  /** Epoch ms. */
  startAt: number;
}

/** Where traces live and results go back: LangSmith, a server that speaks its API, or our own store in-process. */
export interface Platform {
  readonly name: string;
  /**
   * The store the traces live in, where that is ours: the ledger then shares its transactions, and scores are written
   * back together with the verdict.
   */
  readonly store: Store | null;
  /** Whether heads carry the time of the last change, so that sweeps can ask for what changed. */
  readonly reportsChanges: boolean;

  /**
   * The project's id.
   * @throws LoopsmithError `not_found` (the hint lists similar names), `unauthorized`, `unavailable`
   */
  projectId(params: { name: string }): Promise<string>;
  /**
   * Heads of traces that started at or after `startFrom`. With `changedFrom` only those the platform knows to have changed
   * since; where all it knows is when a root ended, those that ended since, and those that `started` in the stretches given
   * (`from` inclusive, `to` exclusive).
   */
  traceHeads(params: {
    projectId: string;
    startFrom: number;
    startTo?: number;
    changedFrom?: number;
    started?: readonly { from: number; to: number }[];
  }): AsyncIterable<TraceHead[]>;
  /** How many traces started in the stretch, as a cheap check that none was missed; `null` where nobody can say. */
  traceCount?(params: { projectId: string; from: number; to: number }): Promise<number | null>;
  /** Heads of these traces, for those whose end is awaited. */
  traceHeadsById(params: { projectId: string; traceIds: readonly string[] }): Promise<TraceHead[]>;
  /** Whole traces; one that cannot be found (any more) is left out. */
  traceRead(params: { projectId: string; heads: readonly TraceHead[] }): Promise<Trace[]>;
  /** Tells at once of traces that changed, where the platform can; returns how to stop. */
  subscribe?(params: { projectId: string; onChange: (heads: TraceHead[]) => void }): () => void;

  /**
   * Scores that stand on spans whose feedback changed since `since`, under these keys and whoever gave them, of traces that
   * started at or after `startFrom`. Absent where the ledger hears of feedback with the write itself; nothing comes where
   * nobody can say.
   */
  scoresChanged?(params: {
    projectId: string;
    keys: readonly string[];
    startFrom: number;
    since: number;
  }): AsyncIterable<StandingScore[]>;
  /** Those of the scores that people gave or changed since. */
  scoredByPeople?(params: { scores: readonly StandingScore[]; since: number }): Promise<StandingScore[]>;
  /** The newest score under a feedback key on each of these spans; spans without one are left out. */
  scoresRead(params: { spanIds: readonly string[]; key: string }): Promise<Map<string, number>>;
  /** Writes feedback onto spans; the same id again is an update. */
  feedbackWrite(params: { feedback: readonly (FeedbackWrite & { startAt: number })[] }): Promise<void>;
  /**
   * Puts a span into the named queue, which is created when missing. `context` goes to the item where items carry
   * metadata, else onto the culprit span as feedback. Never puts back what a person took out.
   */
  queueAdd(params: {
    id: string;
    queueName: string;
    span: SpanReference;
    context: JsonObject;
    /** Where the context goes when it cannot go onto the item. */
    contextSpan: SpanReference;
  }): Promise<void>;
  queueSize(params: { queueName: string }): Promise<number>;
  /** Adds an example to the named dataset, which is created when missing; the same id again changes nothing. */
  exampleAdd(params: ExampleAddition): Promise<void>;
  tagAdd(params: { span: SpanReference; tag: string }): Promise<void>;
}
