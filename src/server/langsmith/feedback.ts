import type { Hono } from "hono";
import { z } from "zod";
import { newId } from "../../model/id.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";
import { feedbackJson } from "../../wire/langsmith/feedback.ts";
import { largeJson } from "../json-text.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { json, jsonObject, page, time, uuid } from "./field.ts";

const score = z.union([z.number(), z.boolean()]).nullish();

const CreateBody = z.looseObject({
  id: uuid.nullish(),
  run_id: uuid.nullish(),
  trace_id: uuid.nullish(),
  session_id: uuid.nullish(),
  key: z.string().min(1).max(180),
  score,
  value: json.optional(),
  comment: z.string().nullish(),
  correction: json.optional(),
  feedback_source: jsonObject.nullish(),
  feedback_group_id: uuid.nullish(),
  comparative_experiment_id: uuid.nullish(),
  extra: jsonObject.nullish(),
  error: z.boolean().nullish(),
  created_at: time.nullish(),
  modified_at: time.nullish(),
});

const UpdateBody = z.looseObject({
  score,
  value: json.optional(),
  comment: z.string().nullish(),
  correction: json.optional(),
});

const ListQuery = z.object({
  run: z.array(uuid).optional(),
  session: z.array(uuid).optional(),
  key: z.array(z.string()).optional(),
  source: z.array(z.string()).optional(),
  ...page,
});

/** Feedback on runs and projects. The same id again is an update, so clients may retry. */
export function feedbackRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/feedback", async (c) => {
    const feedback = toFeedbackWrite(await readJson(c, context, CreateBody));
    await store.feedbackWrite({ feedback: [feedback] });
    const stored = await store.feedbackGet({ id: feedback.id });
    return largeJson(stored ? feedbackJson(stored) : { id: feedback.id });
  });

  app.get("/feedback", async (c) => {
    const query = readQuery(c, ListQuery);
    const list = await store.feedbackList({
      ...(query.run ? { runIds: query.run } : {}),
      ...(query.session ? { projectIds: query.session } : {}),
      ...(query.key ? { keys: query.key } : {}),
      ...(query.source ? { sources: query.source } : {}),
      limit: query.limit,
      offset: query.offset,
    });
    return c.json(list.map(feedbackJson));
  });

  app.get("/feedback/:id", async (c) => {
    const feedback = await store.feedbackGet({ id: c.req.param("id") });
    return largeJson(feedbackJson(feedback ?? notFound(c.req.param("id"))));
  });

  app.patch("/feedback/:id", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    const feedback = await store.feedbackUpdate({
      id: c.req.param("id"),
      ...(body.score === undefined ? {} : { score: body.score === null ? null : Number(body.score) }),
      ...(body.value === undefined ? {} : { value: body.value }),
      ...(body.comment === undefined ? {} : { comment: body.comment }),
      ...(body.correction === undefined ? {} : { correction: body.correction }),
    });
    return c.json(feedbackJson(feedback ?? notFound(c.req.param("id"))));
  });

  app.delete("/feedback/:id", async (c) => {
    if (!(await store.feedbackDelete({ id: c.req.param("id") }))) notFound(c.req.param("id"));
    return c.json({ message: "deleted" });
  });
}

function toFeedbackWrite(body: z.infer<typeof CreateBody>): FeedbackWrite {
  return {
    id: body.id ?? newId(),
    runId: body.run_id ?? null,
    traceId: body.trace_id ?? null,
    projectId: body.session_id ?? null,
    key: body.key,
    ...(body.score === undefined || body.score === null ? {} : { score: Number(body.score) }),
    ...(body.value === undefined ? {} : { value: body.value }),
    ...(body.comment ? { comment: body.comment } : {}),
    ...(body.correction === undefined ? {} : { correction: body.correction }),
    source: body.feedback_source ?? { type: "api", metadata: {} },
    ...(body.extra || body.error ? { extra: { ...body.extra, ...(body.error ? { error: true } : {}) } } : {}),
    groupId: body.feedback_group_id ?? null,
    comparativeExperimentId: body.comparative_experiment_id ?? null,
    ...(body.created_at ? { createdAt: body.created_at } : {}),
    ...(body.modified_at ? { modifiedAt: body.modified_at } : {}),
  };
}

function notFound(id: string): never {
  throw new LoopsmithError("not_found", `Feedback not found: ${id}`, {
    hint: "It may have been deleted, or not have arrived yet.",
  });
}
