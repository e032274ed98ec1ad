import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Project } from "../../model/project.ts";
import { sessionJson } from "../../wire/langsmith/session.ts";
import { assertRetention } from "../retention.ts";
import { feedbackStatsJson } from "../../wire/langsmith/run-extras.ts";
import { runStatsJson } from "../../wire/langsmith/run-stats.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { jsonParam } from "./datasets-lookup.ts";
import { flag, jsonObject, page, time, uuid } from "./field.ts";

const CreateBody = z.looseObject({
  id: uuid.nullish(),
  name: z.string().min(1).optional(),
  description: z.string().nullish(),
  extra: jsonObject.nullish(),
  reference_dataset_id: uuid.nullish(),
  start_time: time.nullish(),
  num_examples: z.number().nullish(),
  num_repetitions: z.number().nullish(),
  evaluator_keys: z.array(z.string()).nullish(),
});

const UpdateBody = z.looseObject({
  name: z.string().min(1).nullish(),
  description: z.string().nullish(),
  extra: jsonObject.nullish(),
  end_time: time.nullish(),
});

const ListQuery = z.object({
  id: z.array(uuid).optional(),
  name: z.string().optional(),
  name_contains: z.string().optional(),
  reference_dataset: z.array(uuid).optional(),
  reference_free: flag.optional(),
  metadata: jsonParam.optional(),
  include_stats: flag.optional(),
  ...page,
});

const OneQuery = z.object({ include_stats: flag.optional() });

/** Tracing projects and experiments; LangSmith calls both sessions. */
export function sessionRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/sessions", async (c) => {
    const body = await readJson(c, context, CreateBody);
    assertRetention(body.extra);
    const project = await store.projectCreate({
      ...(body.id ? { id: body.id } : {}),
      name: body.name ?? "default",
      ...(body.description === undefined ? {} : { description: body.description }),
      extra: experimentExtra(body),
      ...(body.reference_dataset_id ? { referenceDatasetId: body.reference_dataset_id } : {}),
      startAt: body.start_time ?? context.now(),
      upsert: c.req.query("upsert") === "true",
    });
    return c.json(sessionJson(project));
  });

  app.get("/sessions", async (c) => {
    const query = readQuery(c, ListQuery);
    const find = (): Promise<Project[]> =>
      store.projectList({
        ...(query.id ? { ids: query.id } : {}),
        ...(query.name === undefined ? {} : { name: query.name }),
        ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
        ...(query.reference_dataset ? { referenceDatasetIds: query.reference_dataset } : {}),
        ...(query.reference_free === undefined ? {} : { referenceFree: query.reference_free }),
        ...(query.metadata === undefined ? {} : { metadata: query.metadata }),
        limit: query.limit,
        offset: query.offset,
      });
    let projects = await find();
    const isUnfiltered = Object.keys(c.req.query()).every((name) => name === "limit" || name === "offset");
    if (projects.length === 0 && query.offset === 0 && isUnfiltered) {
      // Clients learn the workspace's id from the first project and give up when there is none.
      await store.projectEnsure({ name: "default" });
      projects = await find();
    }
    return c.json(await withStats(context, projects, query.include_stats));
  });

  app.get("/sessions/:id", async (c) => {
    const { include_stats: includeStats } = readQuery(c, OneQuery);
    const project = await store.projectGet({ id: c.req.param("id") });
    const [json] = await withStats(context, [project ?? notFound(c.req.param("id"))], includeStats);
    return c.json(json);
  });

  app.patch("/sessions/:id", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    assertRetention(body.extra);
    const project = await store.projectUpdate({
      id: c.req.param("id"),
      // Clients send null for what they do not mean to change.
      ...(body.name ? { name: body.name } : {}),
      ...(body.description ? { description: body.description } : {}),
      ...(body.extra ? { extra: body.extra } : {}),
      ...(body.end_time === undefined || body.end_time === null ? {} : { endAt: body.end_time }),
    });
    return c.json(sessionJson(project ?? notFound(c.req.param("id"))));
  });

  app.delete("/sessions/:id", async (c) => {
    if (!(await store.projectDelete({ id: c.req.param("id") }))) notFound(c.req.param("id"));
    return c.json({ message: "deleted" }, 202);
  });
}

/** Projects with their statistics where these are asked for. Experiments always have them: comparing relies on the count. */
export function withStats(
  context: ServerContext,
  projects: readonly Project[],
  includeStats: boolean | undefined,
): Promise<Record<string, unknown>[]> {
  return Promise.all(
    projects.map(async (project) => ({
      ...sessionJson(project),
      ...((includeStats ?? project.referenceDatasetId !== null) ? await statsOf(context, project.id) : {}),
    })),
  );
}

/** Only roots count as runs; tokens, costs and feedback are those of all spans. */
async function statsOf({ store }: ServerContext, projectId: string): Promise<Record<string, unknown>> {
  const projectIds = [projectId];
  const [runs, usage, feedback, summary] = await Promise.all([
    store.spanStats({ projectIds, isRoot: true }),
    store.projectUsage({ projectId }),
    store.spanFeedbackStats({ projectIds }),
    store.projectFeedbackStats({ projectId }),
  ]);
  return { ...runStatsJson({ ...runs, ...usage }, feedback), session_feedback_stats: feedbackStatsJson(summary) };
}

/** LangSmith keeps an experiment's plan in the project; here it stands beside the metadata. */
function experimentExtra(body: z.infer<typeof CreateBody>): JsonObject {
  return {
    ...body.extra,
    ...(body.num_examples ? { num_examples: body.num_examples } : {}),
    ...(body.num_repetitions ? { num_repetitions: body.num_repetitions } : {}),
    ...(body.evaluator_keys ? { evaluator_keys: body.evaluator_keys } : {}),
  };
}

function notFound(id: string): never {
  throw new LoopsmithError("not_found", `Session not found: ${id}`, {
    hint: "It may have been deleted; list projects with GET /sessions.",
  });
}
