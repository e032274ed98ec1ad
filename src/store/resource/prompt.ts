import type { JsonObject } from "../../model/json.ts";
import type { Prompt, PromptCommit, PromptKind, PromptTag } from "../../model/prompt.ts";

export interface PromptChanges {
  description?: string | null;
  readme?: string | null;
  tags?: readonly string[];
  isPublic?: boolean;
}

export interface PromptStore {
  /** @throws LoopsmithError `conflict` when the name is taken */
  promptCreate(params: PromptChanges & { name: string; kind?: PromptKind; source?: string | null }): Promise<Prompt>;
  promptGet(params: { name: string }): Promise<Prompt | null>;
  promptList(params: {
    kinds?: readonly PromptKind[];
    /** Occurs in the name, description or readme, ignoring case. */
    query?: string;
    /** Has all of these. */
    tags?: readonly string[];
    isPublic?: boolean;
    isArchived?: boolean;
    hasCommits?: boolean;
    source?: string;
    /** @default "updatedAt" */
    sortBy?: "updatedAt" | "likes";
    /** @default "desc" */
    sortOrder?: "asc" | "desc";
    limit: number;
    offset: number;
  }): Promise<{ rows: Prompt[]; total: number }>;
  promptUpdate(
    params: PromptChanges & { name: string; isArchived?: boolean; isLiked?: boolean },
  ): Promise<Prompt | null>;
  /** Removes the prompt with all its commits and tags. */
  promptDelete(params: { name: string } | { id: string }): Promise<boolean>;

  /**
   * Puts a commit on top of a prompt's history. `manifest` may be computed from the newest commit's, with nobody in
   * between; it must be pure.
   * @throws LoopsmithError `not_found` without the prompt, `conflict` when `parent` is not the newest commit or nothing
   * has changed since
   */
  promptCommitCreate(params: {
    name: string;
    manifest: JsonObject | ((newest: JsonObject | null) => JsonObject);
    /** Hash the commit builds upon, or the beginning of it; not checked when absent. */
    parent?: string;
    description?: string | null;
  }): Promise<PromptCommit>;
  /**
   * A commit by `latest`, its hash or at least 8 letters of it, or a tag.
   * @throws LoopsmithError `conflict` when letters of a hash fit several commits
   */
  promptCommitGet(params: { promptId: string; ref: string }): Promise<PromptCommit | null>;
  /** Newest first. */
  promptCommitList(params: {
    promptId: string;
    limit: number;
    offset: number;
  }): Promise<{ rows: PromptCommit[]; total: number }>;

  /** Sets or moves a tag; `null` when the prompt has no such commit. */
  promptTagSet(params: { promptId: string; tag: string; commitId: string }): Promise<PromptTag | null>;
  promptTagList(params: { promptId: string }): Promise<PromptTag[]>;
  promptTagDelete(params: { promptId: string; tag: string }): Promise<boolean>;
}
