import { toIsoTime } from "../../internal/iso-time.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { Prompt, PromptCommit } from "../../model/prompt.ts";
import { TENANT_HANDLE, TENANT_ID } from "./tenant.ts";

/** A prompt, agent or skill as LangSmith's API writes it. There is one user, whose like is the only one. */
export function repoJson(repo: Prompt, newest?: PromptCommit | null): Record<string, unknown> {
  return {
    id: repo.id,
    tenant_id: TENANT_ID,
    repo_handle: repo.name,
    owner: TENANT_HANDLE,
    full_name: `${TENANT_HANDLE}/${repo.name}`,
    repo_type: repo.kind,
    source: repo.source,
    description: repo.description,
    readme: repo.readme,
    tags: repo.tags,
    commit_tags: [],
    is_public: repo.isPublic,
    is_archived: repo.isArchived,
    restricted_mode: false,
    num_likes: repo.isLiked ? 1 : 0,
    liked_by_auth_user: repo.isLiked,
    // Reading a prompt writes nothing, so nobody counts these.
    num_downloads: 0,
    num_views: 0,
    num_commits: repo.commitCount,
    last_commit_hash: repo.lastCommitHash,
    created_at: toIsoTime(repo.createdAt),
    updated_at: toIsoTime(repo.updatedAt),
    created_by: null,
    original_repo_id: null,
    original_repo_full_name: null,
    upstream_repo_id: null,
    upstream_repo_full_name: null,
    ...(newest === undefined
      ? {}
      : { latest_commit_manifest: newest && { commit_hash: newest.hash, manifest: newest.manifest, examples: [] } }),
  };
}

/** A commit in a list, or just made. */
export function commitJson(commit: PromptCommit, repoName: string): Record<string, unknown> {
  return {
    id: commit.id,
    repo_id: commit.promptId,
    commit_hash: commit.hash,
    parent_id: commit.parentId,
    parent_commit_hash: commit.parentHash,
    description: commit.description,
    manifest: commit.manifest,
    full_name: `${TENANT_HANDLE}/${repoName}`,
    example_run_ids: [],
    num_downloads: 0,
    num_views: 0,
    created_at: toIsoTime(commit.createdAt),
    updated_at: toIsoTime(commit.createdAt),
  };
}

/** A pulled commit: the prompt alone, or with the model it was saved with. */
export function pulledCommitJson(commit: PromptCommit, withModel: boolean): Record<string, unknown> {
  return {
    commit_hash: commit.hash,
    manifest: withModel ? runnable(commit.manifest) : promptOf(commit.manifest),
    description: commit.description,
    examples: [],
    is_draft: false,
  };
}

/** Where the manifest of a prompt with a model has the two apart. */
const PAIRS: ReadonlySet<string> = new Set(["PromptPlayground", "RunnableSequence"]);
const RUNNABLE_SEQUENCE = ["langchain", "schema", "runnable", "RunnableSequence"];

function promptOf(manifest: JsonObject): JsonObject {
  const first = isPair(manifest) ? kwargsOf(manifest)["first"] : undefined;
  return isJsonObject(first) ? first : manifest;
}

/** The playground saves a class that only LangSmith has; clients can load a sequence. */
function runnable(manifest: JsonObject): JsonObject {
  return isPair(manifest) ? { ...manifest, id: RUNNABLE_SEQUENCE } : manifest;
}

function isPair(manifest: JsonObject): boolean {
  const type = typeOf(manifest["id"]);
  return typeof type === "string" && PAIRS.has(type);
}

function kwargsOf(manifest: JsonObject): JsonObject {
  return isJsonObject(manifest["kwargs"]) ? manifest["kwargs"] : {};
}

function typeOf(id: Json | undefined): Json | undefined {
  return Array.isArray(id) ? id.at(-1) : undefined;
}

/** The namespaces of what LangChain's serialiser writes. */
const NAMESPACE = /^(?:langchain|langsmith)/;

/**
 * A prompt's manifest is an object that LangChain's serialiser wrote.
 * @throws LoopsmithError `invalid`
 */
export function assertManifest(manifest: JsonObject): void {
  const { id } = manifest;
  if (!Array.isArray(id) || id.length === 0) throw badManifest("Manifest must have an id field");
  if (typeof id[0] === "string" && id.length > 1 && NAMESPACE.test(id[0])) return;
  const last = id.at(-1);
  throw badManifest(`Manifest type ${typeof last === "string" ? last.slice(0, 100) : "of the id"} is not supported`);
}

function badManifest(message: string): LoopsmithError {
  return new LoopsmithError("invalid", message, {
    hint: "Send what LangChain's serialiser makes of a prompt, or push a prompt object with the client.",
    details: { field: "manifest" },
  });
}
