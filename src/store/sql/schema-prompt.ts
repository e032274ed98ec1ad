export interface PromptTable {
  id: string;
  name: string;
  kind: string;
  description: string | null;
  readme: string | null;
  tags_json: string;
  is_public: number;
  is_archived: number;
  is_liked: number;
  source: string | null;
  last_commit_hash: string | null;
  commit_count: number;
  created_at: number;
  updated_at: number;
}

export interface PromptCommitTable {
  id: string;
  prompt_id: string;
  hash: string;
  /** Counts a prompt's commits from 1. */
  position: number;
  parent_id: string | null;
  parent_hash: string | null;
  description: string | null;
  manifest_json: string;
  created_at: number;
}

export interface PromptTagTable {
  prompt_id: string;
  tag: string;
  commit_id: string;
  created_at: number;
  updated_at: number;
}
