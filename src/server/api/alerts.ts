import type { Hono } from "hono";
import { z } from "zod";
import { actOnAlert, type AlertAction } from "../../loop/act-on-alert.ts";
import { alertRulesOf, findAlertRule, loopAlerts, previewOnHistory, testAlert } from "../../loop/loop-alerts.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { resolveSince } from "../../loop/window.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { LoopQuery } from "./patterns.ts";

const PreviewQuery = LoopQuery.extend({ since: z.string().default("14d") });

const ActionBody = z.object({
  action: z.discriminatedUnion("do", [
    z.object({ do: z.literal("mute"), until: z.number().nullish(), why: z.string().max(2000).optional() }),
    z.object({ do: z.literal("unmute") }),
    z.object({ do: z.literal("relearn") }),
  ]),
});

/**
 * `GET /api/loopsmith/alerts` says how the alert rules of a loop stand, `POST /api/loopsmith/alerts/:rule` with `{ action }` mutes,
 * unmutes or relearns one, `GET /api/loopsmith/alerts/:rule/preview` what one would have
 * told of the past, and `POST /api/loopsmith/alerts/:rule/test` queues a test message, which the loop sends.
 */
export function alertRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/api/loopsmith/alerts", async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    return c.json({ loop: loop.name, alerts: await loopAlerts(store, loop.id, alertRulesOf(loop)) });
  });

  app.post("/api/loopsmith/alerts/:rule", async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    const { action } = await readJson(c, context, ActionBody);
    // Optional fields that are absent and those that are undefined are the same to zod, not to us.
    const asked = JSON.parse(JSON.stringify(action)) as AlertAction;
    const alert = await actOnAlert(store, loop.id, alertRulesOf(loop), c.req.param("rule"), asked);
    return c.json({ loop: loop.name, alert });
  });

  app.get("/api/loopsmith/alerts/:rule/preview", async (c) => {
    const { loop: name, since } = readQuery(c, PreviewQuery);
    const loop = await pickLoop(store, name);
    const rule = findAlertRule(alertRulesOf(loop), c.req.param("rule"));
    const range = { from: resolveSince(since, store.now()), to: store.now() };
    const { fired, firingMs, notifications, transitions } = await previewOnHistory(store, loop.id, rule, range);
    return c.json({ loop: loop.name, rule: rule.name, fired, firingMs, notifications, transitions });
  });

  app.post("/api/loopsmith/alerts/:rule/test", async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    const deliveries = await testAlert(store, loop.id, alertRulesOf(loop), c.req.param("rule"));
    return c.json({ loop: loop.name, deliveries });
  });
}
