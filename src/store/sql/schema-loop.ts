export interface LoopTable {
  id: string;
  name: string;
  project_name: string;
  config_json: string;
  created_at: number;
}

export interface LedgerTable {
  loop_id: string;
  trace_id: string;
  revision: number;
  state: string;
  reason: string | null;
  trace_start_at: number;
  changed_at: number;
  /** `store` or `sender`; null in rows that are older than it. */
  clock: string | null;
  root_end_at: number | null;
  due_at: number;
  attempts: number;
  lease_token: string | null;
  lease_until: number | null;
  updated_at: number;
}

export interface VerdictTable {
  id: string;
  loop_id: string;
  trace_id: string;
  revision: number;
  /** 1 on the newest revision of the trace. */
  latest: number;
  outcome: string;
  key: string | null;
  score: number | null;
  threshold: number | null;
  comment: string | null;
  culprit_span_id: string | null;
  scores_json: string;
  attribution_json: string | null;
  features_json: string;
  cluster: string | null;
  trace_start_at: number;
  decided_at: number;
  /** What its evaluators reported to cost, US dollars. */
  usd: number;
  /** Names of the evaluators that failed on it; NULL for none. */
  failed_evaluators_json: string | null;
  /** By span and key, where the traces live elsewhere and the loop reads feedback; else NULL. */
  seen_scores_json: string | null;
}

export interface DeliveryTable {
  id: string;
  loop_id: string;
  trace_id: string;
  revision: number;
  kind: string;
  action_json: string;
  context_json: string;
  span_id: string;
  state: string;
  attempts: number;
  created_at: number;
  next_attempt_at: number;
  delivered_at: number | null;
  last_error: string | null;
  lease_token: string | null;
  lease_until: number | null;
  digest_id: string | null;
  replayed_at: number | null;
}

export interface EvaluationTable {
  key: string;
  result_json: string;
  created_at: number;
}

export interface SecretTable {
  name: string;
  value: string;
}

export interface BudgetUseTable {
  key: string;
  window_start: number;
  calls: number;
  tokens: number;
  usd_micros: number;
}
