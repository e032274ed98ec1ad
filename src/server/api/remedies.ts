import type { Hono } from "hono";
import { z } from "zod";
import { decideStored, findRemedy } from "../../loop/remedy/loop-remedies.ts";
import { storedRemedy } from "../../loop/remedy/stored-remedy.ts";
import { REMEDY_ACTIONS } from "../../remedy/decide-remedy.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";

const DecisionBody = z.object({
  who: z.string().min(1).max(500),
  action: z.object({ do: z.enum(REMEDY_ACTIONS), why: z.string().min(1).max(2000) }),
});

/**
 * `GET /api/loopsmith/remedies` lists, `GET /api/loopsmith/remedies/:id` shows one with its history, and
 * `POST /api/loopsmith/remedies/:id` with `{ who, action: { do, why } }` records a decision, which the loop that declares
 * it carries out. `:id` may be an unambiguous beginning of id or name.
 */
export function remedyRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/api/loopsmith/remedies", async (c) => {
    return c.json({ remedies: (await store.remedyList({})).map((record) => storedRemedy<object>(record)) });
  });

  app.get("/api/loopsmith/remedies/:id", async (c) => c.json({ remedy: await findRemedy(store, c.req.param("id")) }));

  app.post("/api/loopsmith/remedies/:id", async (c) => {
    const { who, action } = await readJson(c, context, DecisionBody);
    return c.json({ remedy: await decideStored(store, c.req.param("id"), action.do, { who, why: action.why }) });
  });
}
