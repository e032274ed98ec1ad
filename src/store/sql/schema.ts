import type {
  ComparativeExperimentTable,
  DatasetTable,
  DatasetTagTable,
  DatasetVersionTable,
  ExampleAttachmentTable,
  ExampleTable,
} from "./schema-dataset.ts";
import type {
  BucketTable,
  CodebookTable,
  IssueTable,
  LearningTable,
  MiningShareTable,
  MiningTable,
  UnlearnedTable,
} from "./schema-learning.ts";
import type {
  BudgetUseTable,
  DeliveryTable,
  EvaluationTable,
  LedgerTable,
  LoopTable,
  SecretTable,
  VerdictTable,
} from "./schema-loop.ts";
import type { PromptCommitTable, PromptTable, PromptTagTable } from "./schema-prompt.ts";

/**
 * The tables, the same on every database. Times are integers of microseconds; booleans 0 or 1; `*_json` columns are
 * JSON text; payload columns are opaque bytes.
 */
export interface Schema {
  project: ProjectTable;
  trace: TraceTable;
  span: SpanTable;
  attachment: AttachmentTable;
  feedback: FeedbackTable;
  queue: QueueTable;
  queue_item: QueueItemTable;
  loop: LoopTable;
  ledger: LedgerTable;
  verdict: VerdictTable;
  delivery: DeliveryTable;
  cursor: CursorTable;
  secret: SecretTable;
  evaluation: EvaluationTable;
  budget_use: BudgetUseTable;
  learning: LearningTable;
  issue: IssueTable;
  remedy: RemedyTable;
  remedy_lease: RemedyLeaseTable;
  remedy_call: RemedyCallTable;
  codebook: CodebookTable;
  bucket: BucketTable;
  unlearned: UnlearnedTable;
  mining: MiningTable;
  mining_share: MiningShareTable;
  dataset: DatasetTable;
  dataset_version: DatasetVersionTable;
  dataset_tag: DatasetTagTable;
  example: ExampleTable;
  example_attachment: ExampleAttachmentTable;
  comparative_experiment: ComparativeExperimentTable;
  prompt: PromptTable;
  prompt_commit: PromptCommitTable;
  prompt_tag: PromptTagTable;
  feedback_config: FeedbackConfigTable;
  feedback_token: FeedbackTokenTable;
  thread_share: ThreadShareTable;
  online_evaluator: OnlineEvaluatorTable;
}

export interface ProjectTable {
  id: string;
  name: string;
  description: string | null;
  extra_json: string;
  reference_dataset_id: string | null;
  start_at: number;
  end_at: number | null;
}

export interface TraceTable {
  id: string;
  project_id: string;
  start_at: number;
  root_end_at: number | null;
  changed_at: number;
  /** Payloads and attachments as they arrived, about. */
  bytes: number;
}

export interface SpanTable {
  id: string;
  project_id: string;
  trace_id: string;
  parent_id: string | null;
  name: string;
  kind: string;
  start_at: number;
  end_at: number | null;
  dotted_order: string;
  status: string;
  error: string | null;
  tags_json: string;
  metadata_json: string;
  model: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cost: number | null;
  first_token_at: number | null;
  thread_id: string | null;
  reference_example_id: string | null;
  share_token: string | null;
  inputs: Uint8Array | null;
  outputs: Uint8Array | null;
  extra: Uint8Array | null;
  events: Uint8Array | null;
  serialized: Uint8Array | null;
}

export interface AttachmentTable {
  span_id: string;
  name: string;
  mime_type: string;
  byte_length: number;
  bytes: Uint8Array;
}

export interface FeedbackTable {
  id: string;
  run_id: string | null;
  trace_id: string | null;
  project_id: string | null;
  key: string;
  score: number | null;
  value_json: string | null;
  comment: string | null;
  correction_json: string | null;
  source_type: string | null;
  source_json: string | null;
  extra_json: string | null;
  group_id: string | null;
  comparative_experiment_id: string | null;
  created_at: number;
  modified_at: number;
}

export interface QueueTable {
  id: string;
  name: string;
  description: string | null;
  settings_json: string;
  created_at: number;
  updated_at: number;
}

export interface QueueItemTable {
  id: string;
  queue_id: string;
  run_id: string;
  project_id: string | null;
  metadata_json: string;
  status: string;
  details_json: string;
  added_at: number;
  last_reviewed_at: number | null;
  removed_at: number | null;
}

export interface CursorTable {
  name: string;
  value_json: string;
}

export interface RemedyTable {
  id: string;
  loop_id: string;
  version: number;
  state_json: string;
  changed_at: number;
}

export interface RemedyLeaseTable {
  remedy_id: string;
  token: string;
  until: number;
}

export interface RemedyCallTable {
  remedy_id: string;
  key: string;
  result_json: string | null;
  usd: number;
  open_usd: number;
  open: number;
}

export interface FeedbackConfigTable {
  id: string;
  key: string;
  config_json: string;
  lower_is_better: number;
  enforced: number;
  modified_at: number;
}

export interface FeedbackTokenTable {
  id: string;
  run_id: string;
  key: string;
  config_json: string | null;
  expires_at: number;
  created_at: number;
}

export interface ThreadShareTable {
  project_id: string;
  thread_id: string;
  token: string;
}

export interface OnlineEvaluatorTable {
  id: string;
  name: string;
  body_json: string;
  created_at: number;
  updated_at: number;
}
