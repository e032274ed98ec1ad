import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { assertManifest, commitJson, pulledCommitJson } from "../../wire/langsmith/prompt.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { document } from "./datasets-lookup.ts";
import { flag, page } from "./field.ts";
import { needRepo } from "./repos.ts";

const CreateBody = z.looseObject({
  manifest: document,
  parent_commit: z.string().nullish(),
  description: z.string().max(1000).nullish(),
});
const ListQuery = z.object({ ...page, tag: z.string().optional() });
const OneQuery = z.object({ include_model: flag.default(false) });

/** The history of a prompt: each commit is a manifest that never changes. */
export function commitRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/commits/:owner/:repo", async (c) => {
    const { limit, offset, tag } = readQuery(c, ListQuery);
    const { id: promptId, name } = await needRepo(context, c.req.param());
    if (tag !== undefined) {
      const tagged = await store.promptCommitGet({ promptId, ref: tag });
      return c.json({ commits: tagged && offset === 0 ? [commitJson(tagged, name)] : [], total: tagged ? 1 : 0 });
    }
    const { rows, total } = await store.promptCommitList({ promptId, limit, offset });
    return c.json({ commits: rows.map((row) => commitJson(row, name)), total });
  });

  app.post("/commits/:owner/:repo", async (c) => {
    const body = await readJson(c, context, CreateBody);
    const { name } = await needRepo(context, c.req.param());
    assertManifest(body.manifest);
    const commit = await store.promptCommitCreate({
      name,
      manifest: body.manifest,
      ...(body.parent_commit ? { parent: body.parent_commit } : {}),
      description: body.description ?? null,
    });
    return c.json({ commit: commitJson(commit, name) }, 201);
  });

  app.get("/commits/:owner/:repo/:commit", async (c) => {
    const query = readQuery(c, OneQuery);
    const { id: promptId, name } = await needRepo(context, c.req.param());
    const ref = c.req.param("commit");
    const commit = await store.promptCommitGet({ promptId, ref });
    if (!commit) throw commitNotFound(name, ref);
    return c.json(pulledCommitJson(commit, query.include_model));
  });
}

export function commitNotFound(name: string, ref: string): LoopsmithError {
  return new LoopsmithError("not_found", `Commit not found: ${name}:${ref.slice(0, 100)}`, {
    hint: "Name it by latest, a tag, or its hash; list the commits with GET /commits/{owner}/{repo}.",
  });
}
