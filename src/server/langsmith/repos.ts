import type { Hono } from "hono";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { Prompt, PromptTag } from "../../model/prompt.ts";
import type { PromptChanges } from "../../store/resource/prompt.ts";
import { repoJson } from "../../wire/langsmith/prompt.ts";
import { TENANT_HANDLE } from "../../wire/langsmith/tenant.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { flag, uuid } from "./field.ts";

const kind = z.enum(["prompt", "file", "agent", "skill"]);
/** Part of URLs and of `owner/name:commit`, so without their separators. */
export const handle = z.string().regex(/^[A-Za-z0-9][\w.-]{0,199}$/, "must be letters, digits, _, - and .");

export const details = {
  description: z.string().nullish(),
  readme: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
};
const CreateBody = z.looseObject({
  ...details,
  repo_handle: handle,
  is_public: z.boolean().default(false),
  repo_type: kind.nullish(),
  source: z.enum(["internal", "external"]).nullish(),
});
const UpdateBody = z.looseObject({
  ...details,
  is_public: z.boolean().nullish(),
  is_archived: z.boolean().nullish(),
});
const ListQuery = z.object({
  query: z.string().optional(),
  tags: z.array(z.string()).optional(),
  is_public: flag.optional(),
  is_archived: z.enum(["true", "false", "allow"]).default("false"),
  has_commits: flag.optional(),
  repo_type: kind.optional(),
  repo_types: z.array(kind).optional(),
  source: z.enum(["internal", "external"]).optional(),
  tenant_handle: z.string().optional(),
  sort_field: z.enum(["num_likes", "num_downloads", "num_views", "updated_at", "relevance"]).default("updated_at"),
  sort_direction: z.enum(["asc", "desc"]).default("desc"),
  with_latest_manifest: flag.default(false),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
const DeleteQuery = z.object({ repo_ids: z.array(uuid) });
const TagBody = z.looseObject({ tag_name: z.string().min(1), commit_id: uuid });
const MoveTagBody = z.looseObject({ commit_id: uuid });
const LikeBody = z.looseObject({ like: z.boolean() });

/** Prompts and their kin (LangSmith calls all of them repos), their tags and likes. */
export function repoRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/repos", async (c) => {
    const query = readQuery(c, ListQuery);
    const { rows, total } = await listRepos(context, query);
    const repos = rows.map(async (row) =>
      query.with_latest_manifest
        ? repoJson(row, await store.promptCommitGet({ promptId: row.id, ref: "latest" }))
        : repoJson(row),
    );
    return c.json({ repos: await Promise.all(repos), total });
  });

  app.post("/repos", async (c) => {
    const body = await readJson(c, context, CreateBody);
    const repo = await store.promptCreate({
      name: body.repo_handle,
      kind: body.repo_type ?? "prompt",
      source: body.source ?? null,
      ...changesOf(body),
    });
    return c.json({ repo: repoJson(repo) });
  });

  app.delete("/repos", async (c) => {
    const { repo_ids: ids } = readQuery(c, DeleteQuery);
    for (const id of ids) await store.promptDelete({ id });
    return c.json({ message: "deleted" });
  });

  app.get("/repos/tags", async (c) => {
    const query = readQuery(c, ListQuery);
    const { rows } = await listRepos(context, { ...query, limit: 10_000, offset: 0 });
    const counts = new Map<string, number>();
    for (const tag of rows.flatMap((row) => row.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    const tags = [...counts].map(([tag, count]) => ({ tag, count })).sort((a, b) => b.count - a.count);
    return c.json({ tags: tags.slice(query.offset, query.offset + query.limit) });
  });

  app.get("/repos/:owner/:repo", async (c) => c.json({ repo: repoJson(await needRepo(context, c.req.param())) }));

  app.patch("/repos/:owner/:repo", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    const { name } = await needRepo(context, c.req.param());
    const repo = await store.promptUpdate({
      name,
      ...changesOf(body),
      ...(typeof body.is_archived === "boolean" ? { isArchived: body.is_archived } : {}),
    });
    return c.json({ repo: repoJson(repo ?? repoNotFound(name)) });
  });

  app.delete("/repos/:owner/:repo", async (c) => {
    const { id } = await needRepo(context, c.req.param());
    await store.promptDelete({ id });
    return c.json({ message: "deleted" });
  });

  app.post("/likes/:owner/:repo", async (c) => {
    const body = await readJson(c, context, LikeBody);
    const { name } = await needRepo(context, c.req.param());
    const repo = await store.promptUpdate({ name, isLiked: body.like });
    return c.json({ likes: repo?.isLiked ? 1 : 0 });
  });

  app.get("/repos/:owner/:repo/tags", async (c) => {
    const { id: promptId } = await needRepo(context, c.req.param());
    return c.json((await store.promptTagList({ promptId })).map(tagJson));
  });

  app.post("/repos/:owner/:repo/tags", async (c) => {
    const body = await readJson(c, context, TagBody);
    const { id: promptId } = await needRepo(context, c.req.param());
    return c.json(await setTag(context, promptId, body.tag_name, body.commit_id));
  });

  app.get("/repos/:owner/:repo/tags/:tag", async (c) => {
    const { id: promptId } = await needRepo(context, c.req.param());
    const tag = (await store.promptTagList({ promptId })).find((candidate) => candidate.tag === c.req.param("tag"));
    return c.json(tagJson(tag ?? tagNotFound(c.req.param("tag"))));
  });

  app.patch("/repos/:owner/:repo/tags/:tag", async (c) => {
    const body = await readJson(c, context, MoveTagBody);
    const { id: promptId } = await needRepo(context, c.req.param());
    return c.json(await setTag(context, promptId, c.req.param("tag"), body.commit_id));
  });

  app.delete("/repos/:owner/:repo/tags/:tag", async (c) => {
    const { id: promptId } = await needRepo(context, c.req.param());
    if (!(await store.promptTagDelete({ promptId, tag: c.req.param("tag") }))) tagNotFound(c.req.param("tag"));
    return c.json({ message: "deleted" });
  });
}

function listRepos(
  { store }: ServerContext,
  query: z.infer<typeof ListQuery>,
): Promise<{ rows: Prompt[]; total: number }> {
  if (query.tenant_handle !== undefined && query.tenant_handle !== TENANT_HANDLE) {
    return Promise.resolve({ rows: [], total: 0 });
  }
  const { is_archived: archived } = query;
  return store.promptList({
    kinds: query.repo_types ?? [query.repo_type ?? "prompt"],
    ...(query.query ? { query: query.query } : {}),
    ...(query.tags ? { tags: query.tags } : {}),
    ...(query.is_public === undefined ? {} : { isPublic: query.is_public }),
    ...(archived === "allow" ? {} : { isArchived: archived === "true" }),
    ...(query.has_commits === undefined ? {} : { hasCommits: query.has_commits }),
    ...(query.source ? { source: query.source } : {}),
    sortBy: query.sort_field === "num_likes" ? "likes" : "updatedAt",
    sortOrder: query.sort_direction,
    limit: query.limit,
    offset: query.offset,
  });
}

/**
 * The prompt that a URL names; there is one owner.
 * @throws LoopsmithError `not_found`
 */
export async function needRepo(
  { store }: ServerContext,
  { owner, repo }: { owner: string; repo: string },
): Promise<Prompt> {
  const isOurs = owner === "-" || owner === TENANT_HANDLE;
  return (isOurs ? await store.promptGet({ name: repo }) : null) ?? repoNotFound(`${owner}/${repo}`);
}

function repoNotFound(name: string): never {
  throw new LoopsmithError("not_found", `Prompt not found: ${name}`, {
    hint: `Create it first; prompts of this server belong to "${TENANT_HANDLE}" (or "-").`,
  });
}

/** Null is how clients leave a field out. */
export function changesOf(body: {
  description?: string | null | undefined;
  readme?: string | null | undefined;
  tags?: string[] | null | undefined;
  is_public?: boolean | null | undefined;
}): PromptChanges {
  return {
    ...(typeof body.description === "string" ? { description: body.description } : {}),
    ...(typeof body.readme === "string" ? { readme: body.readme } : {}),
    ...(body.tags ? { tags: body.tags } : {}),
    ...(typeof body.is_public === "boolean" ? { isPublic: body.is_public } : {}),
  };
}

async function setTag(
  { store }: ServerContext,
  promptId: string,
  tag: string,
  commitId: string,
): Promise<Record<string, unknown>> {
  if (tag === "latest" || /[/:\s]/.test(tag)) {
    throw new LoopsmithError("invalid", `tag_name: "${tag.slice(0, 100)}" cannot be a tag`, {
      hint: 'Choose another name without spaces, slashes and colons; "latest" is always the newest commit.',
      details: { field: "tag_name" },
    });
  }
  const set = await store.promptTagSet({ promptId, tag, commitId });
  if (set) return tagJson(set);
  throw new LoopsmithError("not_found", `the prompt has no commit ${commitId}`, {
    hint: "Send the id of one of its commits, not the hash.",
    details: { field: "commit_id" },
  });
}

function tagNotFound(tag: string): never {
  throw new LoopsmithError("not_found", `the prompt has no tag "${tag.slice(0, 100)}"`, {
    hint: "List its tags with GET /repos/{owner}/{repo}/tags.",
  });
}

function tagJson(tag: PromptTag): Record<string, unknown> {
  return {
    repo_id: tag.promptId,
    tag_name: tag.tag,
    commit_id: tag.commitId,
    commit_hash: tag.commitHash,
    created_at: toIsoTime(tag.createdAt),
    updated_at: toIsoTime(tag.updatedAt),
  };
}
