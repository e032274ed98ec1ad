import type { Delivery } from "../../model/delivery.ts";
import type { FollowedPattern } from "../../model/issue.ts";
import type { JsonObject } from "../../model/json.ts";
import type { BucketChanges } from "./bucket.ts";

/** What a loop has learned so far, beside its issues. */
export interface LearningRow {
  /** Grows with every record; whoever learned from an older one starts over. */
  version: number;
  state: JsonObject;
}

export interface LearningStore {
  issueList(params: { loopId: string }): Promise<FollowedPattern[]>;
  /** Replaces issues a person acted on, all of them, unless one changed since it was read; then none, and `false`. */
  issueReplace(params: {
    loopId: string;
    changes: readonly { before: FollowedPattern; after: FollowedPattern }[];
  }): Promise<boolean>;
  learningGet(params: { loopId: string }): Promise<LearningRow>;
  /**
   * Writes issues, state, buckets and the deliveries that tell of them in one transaction. `false`, and nothing written, when
   * another worker has learned since `version`.
   */
  learningRecord(params: {
    loopId: string;
    version: number;
    state: JsonObject;
    issues: readonly FollowedPattern[];
    deliveries: readonly Delivery[];
    buckets?: BucketChanges;
  }): Promise<boolean>;
}
