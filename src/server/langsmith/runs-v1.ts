import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { payloadsOfV1, runV1Text, selectOfV1 } from "../../wire/langsmith/run-v1.ts";
import { jsonText } from "../json-text.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { time, uuid } from "./field.ts";
import { parseFilters } from "./parse-filters.ts";
import { runSources } from "./run-sources.ts";

/** The largest page of v1; larger limits are served in pages of this size. */
const MAX_PAGE = 100;

/** What v1 queries, statistics and groups select runs by. */
export const RunSelection = z.looseObject({
  session: z.array(uuid).nullish(),
  id: z.array(uuid).nullish(),
  trace: uuid.nullish(),
  parent_run: uuid.nullish(),
  run_type: z.string().nullish(),
  reference_example: z.union([uuid, z.array(uuid)]).nullish(),
  start_time: time.nullish(),
  end_time: time.nullish(),
  error: z.boolean().nullish(),
  is_root: z.boolean().nullish(),
  execution_order: z.number().nullish(),
  filter: z.string().nullish(),
  trace_filter: z.string().nullish(),
  tree_filter: z.string().nullish(),
  query: z.string().nullish(),
});

const QueryBody = RunSelection.extend({
  select: z.array(z.string()).nullish(),
  order: z.enum(["asc", "desc"]).nullish(),
  cursor: z.string().nullish(),
  limit: z.number().int().min(1).nullish(),
});

/** Reading runs by LangSmith's first API generation. */
export function runsV1Routes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/runs/query", async (c) => {
    const body = await readJson(c, context, QueryBody);
    const select = body.select ? selectOfV1(body.select) : undefined;
    const { rows, nextCursor } = await store.spanQuery({
      ...toSpanSelection(body),
      order: body.order ?? "desc",
      limit: Math.min(body.limit ?? MAX_PAGE, MAX_PAGE),
      ...(body.cursor ? { cursor: body.cursor } : {}),
      payloads: payloadsOfV1(select),
    });
    const sources = await runSources(context, rows, {
      origin: new URL(c.req.url).origin,
      withFeedback: !select || select.has("feedback_stats"),
    });
    const runs = sources.map((source) => runV1Text(source, select)).join(",");
    return jsonText(`{"runs":[${runs}],"cursors":${JSON.stringify({ next: nextCursor, prev: null })}}`);
  });

  app.get("/runs/:id", async (c) => {
    const id = c.req.param("id");
    const { rows } = await store.spanQuery({ ids: [id], order: "asc", limit: 1, payloads: payloadsOfV1() });
    if (rows.length === 0) throw runNotFound(id);
    const [source] = await runSources(context, rows, { origin: new URL(c.req.url).origin, withFeedback: true });
    if (!source) throw runNotFound(id);
    return jsonText(runV1Text(source));
  });
}

/** A v1 selection as the store's. An id selects by itself, as LangSmith's does. */
export function toSpanSelection(body: z.infer<typeof RunSelection>) {
  const { session, id, trace, parent_run: parentId, reference_example: examples } = body;
  if (id) return { ids: id };
  if (!session && !trace && !parentId && !examples) {
    throw new LoopsmithError(
      "invalid",
      "session: at least one of session, id, parent_run, trace, reference_example is needed",
      {
        hint: "Name the project, for example with listRuns({ projectName }).",
        details: { field: "session" },
      },
    );
  }
  if (body.query) {
    throw new LoopsmithError("not_implemented", "queries in natural language are not supported", {
      hint: 'Use `filter`, for example and(eq(run_type, "llm"), gt(latency, 5)).',
      details: { field: "query" },
    });
  }
  const isRoot = body.is_root ?? (body.execution_order === 1 ? true : undefined);
  return {
    ...(session && session.length > 0 ? { projectIds: session } : {}),
    ...(trace ? { traceIds: [trace] } : {}),
    ...(parentId ? { parentId } : {}),
    ...(body.run_type ? { kind: body.run_type } : {}),
    ...(examples ? { referenceExampleIds: Array.isArray(examples) ? examples : [examples] } : {}),
    ...(typeof body.start_time === "number" ? { startFrom: body.start_time } : {}),
    ...(typeof body.end_time === "number" ? { startTo: body.end_time } : {}),
    ...(typeof body.error === "boolean" ? { hasError: body.error } : {}),
    ...(isRoot === undefined ? {} : { isRoot }),
    ...parseFilters(body),
  };
}

export function runNotFound(id: string): LoopsmithError {
  return new LoopsmithError("not_found", `Run not found: ${id}`, {
    hint: "It may not have arrived yet; clients flush with awaitPendingTraceBatches().",
  });
}
