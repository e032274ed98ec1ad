import type { Hono } from "hono";
import { z } from "zod";
import { exemplarsOf, findPattern } from "../../loop/explain-pattern.ts";
import { loopPatterns, type PatternsOptions } from "../../loop/loop-patterns.ts";
import { retireLoop } from "../../loop/retire-loop.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { parsePredicate } from "../../pattern/parse-predicate.ts";
import { readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";

export const LoopQuery = z.object({ loop: z.string().optional() });
const PatternsQuery = LoopQuery.extend({
  window: z.string().optional(),
  where: z.array(z.string()).default([]),
  limit: z.coerce.number().int().min(1).max(1000).default(20),
});

/**
 * `GET /api/loopsmith/loops`; `POST /api/loopsmith/loops/:loop/retire` takes one out of use; `GET /api/loopsmith/patterns` mines a window; `GET /api/loopsmith/patterns/:id` shows one of its
 * patterns with exemplar traces.
 */
export function patternRoutes(app: Hono, { store }: ServerContext): void {
  app.get("/api/loopsmith/loops", async (c) => {
    const loops = await store.loopList();
    return c.json({ loops: loops.map(({ id, name, projectName }) => ({ id, name, project: projectName })) });
  });

  app.post("/api/loopsmith/loops/:loop/retire", async (c) => {
    const loop = await pickLoop(store, c.req.param("loop"));
    return c.json({ loop: loop.name, ...(await retireLoop(store, loop)) });
  });

  app.get("/api/loopsmith/patterns", async (c) => {
    const query = readQuery(c, PatternsQuery);
    const loop = await pickLoop(store, query.loop);
    return c.json({ loop: loop.name, ...(await loopPatterns(store, loop.id, optionsOf(query, c.req.raw.signal))) });
  });

  app.get("/api/loopsmith/patterns/:id", async (c) => {
    const query = readQuery(c, PatternsQuery);
    const loop = await pickLoop(store, query.loop);
    const report = await loopPatterns(store, loop.id, optionsOf(query, c.req.raw.signal));
    const pattern = findPattern(report, c.req.param("id"));
    return c.json({ loop: loop.name, pattern, exemplars: await exemplarsOf(store, loop.id, pattern.exemplars) });
  });
}

function optionsOf({ window, where, limit }: z.infer<typeof PatternsQuery>, signal: AbortSignal): PatternsOptions {
  return { limit, where: where.map(parsePredicate), signal, ...(window !== undefined && { window }) };
}
