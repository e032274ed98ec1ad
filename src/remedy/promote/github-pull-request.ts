import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject } from "../../model/json.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { createGitHubApi } from "./github-api.ts";
import type { GitHubApi, GitHubApiOptions } from "./github-api.ts";
import type { Promoted, Promoter, Promotion } from "./promoter.ts";

export interface FileEdit {
  /** From the repository's root, with `/`. */
  path: string;
  content: string;
}

export interface PullRequestOptions<C> extends GitHubApiOptions {
  /** Branch to change. @default "main" */
  base?: string;
  /** The files as they should be. `read` gives a file of the base branch, or `null`. */
  edit: (promotion: Promotion<C>, read: (path: string) => Promise<string | null>) => Promise<readonly FileEdit[]>;
  /** @default the remedy and the candidate */
  title?: (promotion: Promotion<C>) => string;
  /** @default false */
  draft?: boolean;
}

/**
 * Opens a pull request with the winning configuration: one commit on a branch named after the promotion. Repeating it
 * finds the pull request that is there. Needs a person to merge it, so it promotes nothing by itself.
 *
 * `promote` rejects with LoopsmithError `invalid` when nothing would change or a path leaves the repository, `conflict`
 * when its pull request was closed unmerged, `not_found`, `unauthorized`, `forbidden`, `rate_limited`, `unavailable`.
 */
export function promotePullRequest<C>(options: PullRequestOptions<C>): Promoter<C> {
  const { base = "main", edit, draft = false, repository } = options;
  const owner = repository.split("/")[0] ?? "";
  return {
    kind: "github",
    async promote(promotion, context) {
      const api = createGitHubApi(options, context);
      const branch = `loopsmith/${promotion.id}`;
      const found = await findPullRequest(api, owner, branch, base);
      if (found) return found;
      const head = await commitOf(api, base);
      const edits = await edit(promotion, (path) => readFile(api, path, head.commit));
      for (const { path } of edits) checkPath(path);
      const title = options.title?.(promotion) ?? `${promotion.remedy}: ${promotion.candidate.name}`;
      const commit = await commitFiles(api, head, edits, title);
      await moveBranch(api, branch, commit);
      const body = { title, head: branch, base, body: promotion.summary, draft };
      try {
        return promotedBy(await api.send("POST", "/pulls", body), branch);
      } catch (error) {
        // The request may have been carried out although its answer was lost.
        const opened = isConflict(error) ? await findPullRequest(api, owner, branch, base) : null;
        if (opened) return opened;
        throw error;
      }
    },
    async rollBack(_promotion, promoted, context) {
      const { number } = promoted.details;
      if (typeof number !== "number") return;
      await createGitHubApi(options, context).send("PATCH", `/pulls/${number}`, { state: "closed" });
    },
  };
}

async function findPullRequest(api: GitHubApi, owner: string, branch: string, base: string): Promise<Promoted | null> {
  const query = new URLSearchParams({ head: `${owner}:${branch}`, base, state: "all", per_page: "1" });
  const found = await api.find(`/pulls?${query.toString()}`);
  const [pull] = Array.isArray(found) ? found : [];
  if (!isJsonObject(pull)) return null;
  if (pull["state"] === "closed" && typeof pull["merged_at"] !== "string") {
    throw new LoopsmithError("conflict", `The pull request for this promotion was closed: ${text(pull["html_url"])}`, {
      hint: "Reopen it, or reject the remedy.",
    });
  }
  return promotedBy(pull, branch);
}

function promotedBy(pull: JsonObject, branch: string): Promoted {
  const url = text(pull["html_url"]);
  const number = typeof pull["number"] === "number" ? pull["number"] : null;
  return { reference: `#${number}`, url, details: { number, url, branch } };
}

async function commitOf(api: GitHubApi, branch: string): Promise<{ commit: string; tree: string }> {
  const ref = await api.find(`/git/ref/heads/${encodePath(branch)}`);
  const commit = text(at(ref, "object", "sha"));
  if (commit === "") {
    throw new LoopsmithError("not_found", `There is no branch "${branch}".`, {
      hint: "Set `base` to the branch to change.",
    });
  }
  return { commit, tree: text(at(await api.find(`/git/commits/${commit}`), "tree", "sha")) };
}

async function readFile(api: GitHubApi, path: string, commit: string): Promise<string | null> {
  checkPath(path);
  const file = await api.find(`/contents/${encodePath(path)}?ref=${commit}`);
  const content = at(file, "content");
  return typeof content === "string" ? Buffer.from(content, "base64").toString("utf8") : null;
}

async function commitFiles(
  api: GitHubApi,
  head: { commit: string; tree: string },
  edits: readonly FileEdit[],
  message: string,
): Promise<string> {
  const files = edits.map(({ path, content }) => ({ path, mode: "100644", type: "blob", content }));
  const tree = text((await api.send("POST", "/git/trees", { base_tree: head.tree, tree: files }))["sha"]);
  if (edits.length === 0 || tree === head.tree) {
    throw new LoopsmithError("invalid", "The pull request would change nothing.", {
      hint: "Check what `edit` returns for the winning configuration.",
    });
  }
  const commit = await api.send("POST", "/git/commits", { message, tree, parents: [head.commit] });
  return text(commit["sha"]);
}

async function moveBranch(api: GitHubApi, branch: string, sha: string): Promise<void> {
  try {
    await api.send("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha });
  } catch (error) {
    if (!isConflict(error)) throw error;
    // Left by an attempt that broke off before its pull request was opened; the branch is ours by name.
    await api.send("PATCH", `/git/refs/heads/${encodePath(branch)}`, { sha, force: true });
  }
}

function checkPath(path: string): void {
  const parts = path.split("/");
  if (path !== "" && parts.every((part) => part !== "" && part !== "." && part !== ".." && part !== ".git")) return;
  throw new LoopsmithError("invalid", `"${path}" is not a path inside the repository.`, {
    hint: "Use a relative path with forward slashes.",
  });
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function isConflict(error: unknown): boolean {
  return LoopsmithError.isInstance(error) && error.code === "conflict";
}

function at(value: Json, ...path: readonly string[]): Json {
  return path.reduce<Json>((inner, key) => (isJsonObject(inner) ? (inner[key] ?? null) : null), value);
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
