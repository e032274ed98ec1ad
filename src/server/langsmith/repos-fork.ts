import type { Hono } from "hono";
import { z } from "zod";
import type { PromptCommit } from "../../model/prompt.ts";
import { repoJson } from "../../wire/langsmith/prompt.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { changesOf, details, handle, needRepo } from "./repos.ts";

const ForkBody = z.looseObject({ ...details, repo_handle: handle, is_public: z.boolean().nullish() });

/** Commits read at a time. */
const PAGE = 100;

/** A copy of a prompt under another name, with its whole history; tags stay behind. */
export function repoForkRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/repos/:owner/:repo/fork", async (c) => {
    const body = await readJson(c, context, ForkBody);
    const source = await needRepo(context, c.req.param());
    const { description, readme, tags, kind } = source;
    const commits: PromptCommit[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await store.promptCommitList({ promptId: source.id, limit: PAGE, offset });
      commits.push(...rows);
      if (rows.length < PAGE) break;
    }
    const name = body.repo_handle;
    const fork = await store.promptCreate({
      name,
      kind,
      source: source.source,
      description,
      readme,
      tags,
      ...changesOf(body),
    });
    for (const { manifest, description: why } of commits.toReversed()) {
      await store.promptCommitCreate({ name, manifest, description: why });
    }
    return c.json({ repo: repoJson((await store.promptGet({ name })) ?? fork) });
  });
}
