import type { Hono } from "hono";
import { z } from "zod";
import { openBlameHistory } from "../../loop/judge/blame-history.ts";
import { confirmCulprit } from "../../loop/confirm-culprit.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { readCulprit } from "../../loop/read-culprit.ts";
import type { Threshold } from "../../model/score.ts";
import { embeddedPlatform } from "../../platform/embedded.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { LoopQuery } from "./patterns.ts";

const ConfirmBody = z.object({ spanId: z.string().min(1).max(200).optional() });

/**
 * `GET /api/loopsmith/culprits/:traceId` says which span a failing trace is blamed on and why; `POST` confirms it, or with
 * `{ spanId }` names the span that really was the culprit. Running loops learn from it with the next traces they judge.
 */
export function culpritRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;
  const path = "/api/loopsmith/culprits/:traceId";

  app.get(path, async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    const { traceId, attribution, reason } = await readCulprit(store, loop.id, c.req.param("traceId"));
    return c.json({ loop: loop.name, trace: traceId, attribution, reason });
  });

  app.post(path, async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    const { spanId } = await readJson(c, context, ConfirmBody);
    const threshold = loop.config["threshold"] as Threshold | undefined;
    const history = await openBlameHistory(store, loop.id, threshold, { train: false });
    const platform = embeddedPlatform({ store });
    const traceId = c.req.param("traceId");
    const confirmed = await confirmCulprit({ store, platform, loopId: loop.id, history }, traceId, spanId);
    return c.json({ loop: loop.name, trace: traceId, ...confirmed });
  });
}
