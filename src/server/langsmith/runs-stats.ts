import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { runStatsJson } from "../../wire/langsmith/run-stats.ts";
import { groupJson } from "../../wire/langsmith/thread.ts";
import { parseFilter } from "../../wire/filter.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { time, uuid } from "./field.ts";
import { parseFilters } from "./parse-filters.ts";
import { RunSelection, toSpanSelection } from "./runs-v1.ts";
import { threadSources } from "./thread-sources.ts";

const StatsBody = RunSelection.extend({ select: z.array(z.string()).nullish(), group_by: z.unknown().optional() });

const GroupBody = z.looseObject({
  session_id: uuid,
  group_by: z.enum(["conversation"]),
  filter: z.string().nullish(),
  start_time: time.nullish(),
  end_time: time.nullish(),
  limit: z.number().int().min(1).max(1000).nullish(),
  offset: z.number().int().min(0).nullish(),
});

const ValidateBody = z.looseObject({
  filter: z.string().nullish(),
  trace_filter: z.string().nullish(),
  tree_filter: z.string().nullish(),
});

/** Statistics, groups, and the check of a filter, by LangSmith's first API generation. */
export function runsStatsRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/runs/stats", async (c) => {
    const body = await readJson(c, context, StatsBody);
    if (body.group_by !== undefined && body.group_by !== null) {
      throw new LoopsmithError("not_implemented", "group_by: statistics by group are not supported", {
        hint: 'Send one request a group with a filter, for example eq(name, "retrieval").',
        details: { field: "group_by" },
      });
    }
    const selection = toSpanSelection(body);
    const [totals, feedback] = await Promise.all([store.spanStats(selection), store.spanFeedbackStats(selection)]);
    const stats = runStatsJson(totals, feedback);
    if (!body.select) return c.json(stats);
    const wanted = new Set(body.select);
    return c.json(Object.fromEntries(Object.entries(stats).filter(([name]) => wanted.has(name))));
  });

  app.post("/runs/group", async (c) => {
    const body = await readJson(c, context, GroupBody);
    const { rows, total } = await store.threadList({
      projectId: body.session_id,
      ...(body.start_time ? { startFrom: body.start_time } : {}),
      ...(body.end_time ? { startTo: body.end_time } : {}),
      ...parseFilters({ filter: body.filter }),
      limit: body.limit ?? 10,
      offset: body.offset ?? 0,
    });
    return c.json({ groups: (await threadSources(context, body.session_id, rows)).map(groupJson), total });
  });

  app.post("/runs/query/validate", async (c) => {
    const body = await readJson(c, context, ValidateBody);
    const errors = (["filter", "trace_filter", "tree_filter"] as const).flatMap((field) => {
      const text = body[field];
      if (!text) return [];
      try {
        parseFilter(text, field);
        return [];
      } catch (error) {
        if (!LoopsmithError.isInstance(error)) throw error;
        return [{ field, message: error.message, position: error.details["position"] ?? null }];
      }
    });
    return c.json({ valid: errors.length === 0, errors });
  });
}
