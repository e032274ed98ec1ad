import type { Context, Hono } from "hono";
import { z } from "zod";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { uuid } from "./field.ts";
import { runNotFound } from "./runs-v1.ts";

const ShareBody = z.looseObject({ run_id: uuid.nullish(), share_token: uuid.nullish() });
const ShareV2Body = z.looseObject({ session_id: uuid.nullish(), trace_id: uuid });
const ProjectBody = z.looseObject({ project_id: uuid });
const ProjectQuery = z.object({ project_id: uuid });

/** Giving out and taking back the tokens that make runs and threads public; what they open stands in `public-shares.ts`. */
export function shareRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.put("/runs/:id/share", async (c) => {
    const id = c.req.param("id");
    const body = await readJson(c, context, ShareBody);
    const token = await store.spanShare({ id, ...(body.share_token ? { token: body.share_token } : {}) });
    if (token === null) throw runNotFound(id);
    return c.json({ run_id: id, share_token: token });
  });

  app.get("/runs/:id/share", async (c) => {
    const id = c.req.param("id");
    const { rows } = await store.spanQuery({ ids: [id], order: "asc", limit: 1, payloads: [] });
    const [row] = rows;
    if (!row) throw runNotFound(id);
    return c.json(row.shareToken === null ? null : { run_id: id, share_token: row.shareToken });
  });

  app.delete("/runs/:id/share", async (c) => {
    await store.spanUnshare({ id: c.req.param("id") });
    return c.json({ message: "unshared" });
  });

  // v2 always shares the whole trace.
  app.post("/v2/runs/:id/share", async (c) => {
    const body = await readJson(c, context, ShareV2Body);
    const token = await store.spanShare({ id: body.trace_id });
    if (token === null) throw runNotFound(c.req.param("id"));
    return c.json({ share_token: token });
  });

  app.delete("/v2/runs/:id/share", async (c) => {
    await store.spanUnshare({ id: c.req.param("id") });
    return c.body(null, 204);
  });

  const thread = (c: Context, projectId: string): { projectId: string; threadId: string } => ({
    projectId,
    threadId: c.req.param("id") ?? "",
  });

  app.post("/v2/threads/:id/share", async (c) => {
    const { project_id } = await readJson(c, context, ProjectBody);
    return c.json({ share_token: await store.threadShare(thread(c, project_id)) });
  });

  app.get("/v2/threads/:id/share", async (c) => {
    const { project_id } = readQuery(c, ProjectQuery);
    const token = await store.threadShareGet(thread(c, project_id));
    return c.json(token === null ? {} : { share_token: token });
  });

  app.delete("/v2/threads/:id/share", async (c) => {
    const { project_id } = readQuery(c, ProjectQuery);
    await store.threadUnshare(thread(c, project_id));
    return c.body(null, 204);
  });
}
