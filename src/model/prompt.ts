import type { JsonObject } from "./json.ts";

/** What a repository holds: prompt manifests, or the files of an agent or skill. */
export type PromptKind = "prompt" | "file" | "agent" | "skill";

/** A named prompt with a history of commits. LangSmith calls it a repo. */
export interface Prompt {
  id: string;
  name: string;
  kind: PromptKind;
  description: string | null;
  readme: string | null;
  tags: string[];
  isPublic: boolean;
  isArchived: boolean;
  isLiked: boolean;
  /** `internal` or `external`; `null` when nobody said. */
  source: string | null;
  lastCommitHash: string | null;
  commitCount: number;
  createdAt: number;
  updatedAt: number;
}

export interface PromptCommit {
  id: string;
  promptId: string;
  /** SHA-256 of the manifest and the parent, in hexadecimal. */
  hash: string;
  parentId: string | null;
  parentHash: string | null;
  description: string | null;
  manifest: JsonObject;
  createdAt: number;
}

/** A name that stands on one commit and can be moved to another. */
export interface PromptTag {
  promptId: string;
  tag: string;
  commitId: string;
  commitHash: string;
  createdAt: number;
  updatedAt: number;
}
