export interface LearningTable {
  loop_id: string;
  version: number;
  state_json: string;
}

export interface IssueTable {
  loop_id: string;
  id: string;
  state: string;
  document_json: string;
}

export interface CodebookTable {
  loop_id: string;
  id: string;
  document_json: string;
  rows_seen: number;
  /** The newest one is the loop's own. */
  created_at: number;
}

export interface BucketTable {
  loop_id: string;
  hour: number;
  /** Grows within an hour and is never used twice, also when parts are merged. */
  part: number;
  codebook_id: string;
  row_count: number;
  bytes: Uint8Array;
}

/** Verdicts that no bucket knows of. */
export interface UnlearnedTable {
  loop_id: string;
  trace_start_at: number;
  verdict_id: string;
}

export interface MiningTable {
  id: string;
  loop_id: string;
  codebook_id: string;
  /** Number of the present question. */
  asked: number;
  question: Uint8Array | null;
  expires_at: number;
}

export interface MiningShareTable {
  mining_id: string;
  share: number;
  from_at: number;
  to_at: number;
  lease_token: string | null;
  lease_until: number | null;
  /** Number of the question that `answer` is about. */
  answered: number;
  answer: Uint8Array | null;
}
