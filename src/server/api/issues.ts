import type { Hono } from "hono";
import { z } from "zod";
import { explainIssue } from "../../loop/explain-issue.ts";
import { actOnIssue, findIssue, loopIssues, type IssueAction } from "../../loop/loop-issues.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { ISSUE_STATES } from "../../model/issue.ts";
import { parsePredicate } from "../../pattern/parse-predicate.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { LoopQuery } from "./patterns.ts";

const IssuesQuery = LoopQuery.extend({
  state: z.array(z.enum(ISSUE_STATES)).optional(),
  all: z.enum(["true", "false"]).default("false"),
  window: z.string().optional(),
  where: z.array(z.string()).default([]),
});

const link = z.object({
  kind: z.enum(["trace", "culprit", "queue_item", "dataset", "experiment", "issue", "url"]),
  id: z.string().min(1).max(2000),
  label: z.string().max(2000).optional(),
});

const Action = z.discriminatedUnion("do", [
  z.object({ do: z.literal("assign"), to: z.string().max(500).nullable() }),
  z.object({ do: z.literal("note"), text: z.string().max(20_000) }),
  z.object({ do: z.literal("mute"), until: z.number().nullish(), why: z.string().max(2000).optional() }),
  z.object({ do: z.literal("unmute") }),
  z.object({ do: z.literal("link"), link }),
  z.object({ do: z.literal("merge"), into: z.string().min(1) }),
]);
const ActionBody = z.object({ who: z.string().min(1).max(500), action: Action });

/**
 * `GET /api/loopsmith/issues` lists, `GET /api/loopsmith/issues/:id` shows one with its rate, exemplar traces and query, and
 * `POST /api/loopsmith/issues/:id` with `{ who, action }` does something to it. `:id` may be an unambiguous beginning.
 */
export function issueRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/api/loopsmith/issues", async (c) => {
    const { state, all, window, where, ...query } = readQuery(c, IssuesQuery);
    const loop = await pickLoop(store, query.loop);
    const issues = await loopIssues(store, loop.id, {
      all: all === "true",
      where: where.map(parsePredicate),
      ...(state && { states: state }),
      ...(window !== undefined && { window }),
    });
    return c.json({ loop: loop.name, issues });
  });

  app.get("/api/loopsmith/issues/:id", async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    const issue = await findIssue(store, loop.id, c.req.param("id"));
    return c.json({ loop: loop.name, issue, ...(await explainIssue(store, loop.id, issue)) });
  });

  app.post("/api/loopsmith/issues/:id", async (c) => {
    const loop = await pickLoop(store, readQuery(c, LoopQuery).loop);
    const { who, action } = await readJson(c, context, ActionBody);
    const id = c.req.param("id");
    // Optional fields that are absent and those that are undefined are the same to zod, not to us.
    const issue = await actOnIssue(store, loop.id, id, JSON.parse(JSON.stringify(action)) as IssueAction, who);
    return c.json({ loop: loop.name, issue });
  });
}
