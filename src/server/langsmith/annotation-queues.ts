import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { AnnotationQueue } from "../../model/annotation-queue.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import { QUEUE_SETTINGS, queueDetailsJson, queueJson } from "../../wire/langsmith/queue.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { feedbackConfigJson } from "./feedback-configs.ts";
import { page, uuid } from "./field.ts";

const CreateBody = z.looseObject({ id: uuid.nullish(), name: z.string().min(1), description: z.string().nullish() });
const UpdateBody = z.looseObject({ name: z.string().min(1).nullish(), description: z.string().nullish() });

const ListQuery = z.object({
  ids: z.array(uuid).optional(),
  name: z.string().optional(),
  name_contains: z.string().optional(),
  ...page,
});

/** Annotation queues themselves; what is in them stands in `queue-runs.ts` and `queue-items.ts`. */
export function annotationQueueRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/annotation-queues", async (c) => {
    const body = await readJson(c, context, CreateBody);
    if (body.id && (await store.queueGet({ id: body.id }))) {
      throw new LoopsmithError("conflict", `an annotation queue with the id ${body.id} exists already`, {
        hint: "Leave the id out, or use the queue that is there.",
      });
    }
    const queue = await store.queueCreate({
      ...(body.id ? { id: body.id } : {}),
      name: body.name,
      description: body.description ?? null,
      settings: settingsOf(body),
    });
    return c.json(queueJson(queue));
  });

  app.get("/annotation-queues", async (c) => {
    const query = readQuery(c, ListQuery);
    const queues = await store.queueList({
      ...(query.ids ? { ids: query.ids } : {}),
      ...(query.name === undefined ? {} : { name: query.name }),
      ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
      limit: query.limit,
      offset: query.offset,
    });
    const sizes = await Promise.all(queues.map((queue) => store.queueItemCount({ queueId: queue.id })));
    return c.json(queues.map((queue, index) => ({ ...queueJson(queue), total_runs: sizes[index] ?? 0 })));
  });

  app.get("/annotation-queues/:id", async (c) => {
    const queue = await needQueue(context, c.req.param("id"));
    return c.json({ ...queueDetailsJson(queue), rubric_items: await rubricOf(context, queue) });
  });

  app.patch("/annotation-queues/:id", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    const queue = await needQueue(context, c.req.param("id"));
    const updated = await store.queueUpdate({
      id: queue.id,
      ...(body.name ? { name: body.name } : {}),
      ...(body.description === undefined ? {} : { description: body.description }),
      settings: { ...queue.settings, ...settingsOf(body) },
    });
    return c.json(queueJson(updated ?? queue));
  });

  app.delete("/annotation-queues/:id", async (c) => {
    if (!(await store.queueDelete({ id: c.req.param("id") }))) throw queueNotFound(c.req.param("id"));
    return c.json({ message: "deleted" });
  });
}

/** @throws LoopsmithError `not_found` */
export async function needQueue({ store }: ServerContext, id: string): Promise<AnnotationQueue> {
  const queue = await store.queueGet({ id });
  if (!queue) throw queueNotFound(id);
  return queue;
}

/** The rubric's items, each with the feedback config its key has. */
async function rubricOf({ store }: ServerContext, queue: AnnotationQueue): Promise<JsonObject[] | null> {
  const items = queue.settings["rubric_items"];
  if (!Array.isArray(items)) return null;
  const rubric = items.filter(isJsonObject);
  const keys = rubric.flatMap(({ feedback_key: key }) => (typeof key === "string" ? [key] : []));
  const configs = keys.length === 0 ? [] : await store.feedbackConfigList({ keys, limit: keys.length, offset: 0 });
  const byKey = new Map(configs.map((config) => [config.key, config]));
  return rubric.map((item) => {
    const key = item["feedback_key"];
    const config = typeof key === "string" ? byKey.get(key) : undefined;
    if (!config) return item;
    return { ...item, feedback_config_id: config.id, feedback_config: feedbackConfigJson(config) as JsonObject };
  });
}

function settingsOf(body: Record<string, unknown>): JsonObject {
  const settings: JsonObject = {};
  for (const name of Object.keys(QUEUE_SETTINGS)) {
    if (body[name] !== undefined) settings[name] = body[name] as JsonObject[string];
  }
  return settings;
}

function queueNotFound(id: string): LoopsmithError {
  return new LoopsmithError("not_found", `Annotation queue not found: ${id}`, {
    hint: "List the queues with GET /annotation-queues.",
  });
}
