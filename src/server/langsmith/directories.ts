import type { Hono } from "hono";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { commitNotFound } from "./commits.ts";
import { document } from "./datasets-lookup.ts";
import { needRepo } from "./repos.ts";

const Query = z.object({ commit: z.string().optional() });
const Entry = document.nullable();
const CommitBody = z.looseObject({
  files: z.record(z.string().min(1), Entry),
  parent_commit: z.string().min(8).max(64).nullish(),
});

const DIRECTORY = "/platform/hub/repos/:owner/:repo/directories";

/** Agents and skills: directories of files, kept as commits whose manifest is the whole directory. */
export function directoryRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get(DIRECTORY, async (c) => {
    const { commit: ref = "latest" } = readQuery(c, Query);
    const { id: promptId, name } = await needRepo(context, c.req.param());
    const commit = await store.promptCommitGet({ promptId, ref });
    if (!commit) throw commitNotFound(name, ref);
    return c.json({ commit_id: commit.id, commit_hash: commit.hash, files: filesOf(commit.manifest) });
  });

  app.post(`${DIRECTORY}/commits`, async (c) => {
    const body = await readJson(c, context, CommitBody);
    const { name } = await needRepo(context, c.req.param());
    const commit = await store.promptCommitCreate({
      name,
      manifest: (newest) => ({ files: changed(filesOf(newest), body.files) }),
      ...(body.parent_commit ? { parent: body.parent_commit } : {}),
    });
    return c.json({ commit: { id: commit.id, commit_hash: commit.hash, created_at: toIsoTime(commit.createdAt) } });
  });

  app.delete(DIRECTORY, async (c) => {
    const { id } = await needRepo(context, c.req.param());
    await store.promptDelete({ id });
    return c.body(null, 204);
  });
}

function filesOf(manifest: JsonObject | null): JsonObject {
  const files = manifest?.["files"];
  return isJsonObject(files) ? files : {};
}

/** A commit names what it changes; `null` removes a file, the rest stays. */
function changed(files: JsonObject, changes: Readonly<Record<string, JsonObject | null>>): JsonObject {
  const next = new Map(Object.entries(files));
  for (const [path, entry] of Object.entries(changes)) {
    if (entry === null) next.delete(path);
    else next.set(path, entry);
  }
  return Object.fromEntries(next);
}
