import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { QueueItemStatus } from "../../model/annotation-queue.ts";
import { queueItemJson } from "../../wire/langsmith/queue.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needQueue } from "./annotation-queues.ts";
import { jsonObject, time, uuid } from "./field.ts";
import { offsetOf } from "./offset-cursor.ts";
import { itemNotFound } from "./queue-runs.ts";

const Item = z.looseObject({
  /** Ours: a stable id makes a retry recognisable. */
  id: uuid.nullish(),
  item_type: z.enum(["RUN", "THREAD"]).nullish(),
  run_id: uuid.nullish(),
  project_id: uuid.nullish(),
  session_id: uuid.nullish(),
  start_time: z.string().nullish(),
  thread_id: z.string().nullish(),
  source_proposed_example_id: uuid.nullish(),
  /** Ours: LangSmith's items carry none. */
  metadata: jsonObject.nullish(),
  /** Ours: what a person took out of the queue stays out. */
  unless_removed: z.boolean().nullish(),
});
const CreateBody = z.looseObject({ items: z.array(Item) });
const UpdateBody = z.looseObject({ added_at: time.nullish(), last_reviewed_time: time.nullish() });
const DeleteBody = z.looseObject({ item_ids: z.array(uuid) });

const SECTIONS = {
  needs_my_review: "needs_my_review",
  needs_others_review: "needs_others_review",
  archived: "completed",
} as const;
const section = z.enum(["needs_my_review", "needs_others_review", "archived"]);
const ListQuery = z.object({
  status: section.optional(),
  cursor: z.string().optional(),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
});
const CountQuery = z.object({ status: section.optional() });

/** The items API: what is in a queue, with the metadata a loop attached. */
export function queueItemRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;
  const items = "/platform/annotation-queues/:queueId/items";

  app.post(items, async (c) => {
    const queue = await needQueue(context, c.req.param("queueId"));
    const body = await readJson(c, context, CreateBody);
    const thread = body.items.findIndex((item) => item.item_type === "THREAD" || !item.run_id);
    if (thread !== -1) {
      throw new LoopsmithError("not_implemented", `items.${thread}: only runs can be queued, not threads`, {
        hint: "Queue the root run of the thread's last trace.",
        details: { field: `items.${thread}.item_type` },
      });
    }
    const added = await store.queueItemAdd({
      queueId: queue.id,
      items: body.items.map((item) => ({
        ...(item.id ? { id: item.id } : {}),
        runId: item.run_id ?? "",
        projectId: item.project_id ?? item.session_id ?? null,
        metadata: item.metadata ?? {},
        details: {
          ...(item.start_time ? { start_time: item.start_time } : {}),
          ...(item.source_proposed_example_id ? { source_proposed_example_id: item.source_proposed_example_id } : {}),
        },
      })),
      unlessRemoved: body.items.some((item) => item.unless_removed === true),
    });
    return c.json({ items: added.map((item) => queueItemJson(item, context.now())) });
  });

  app.get(items, async (c) => {
    const query = readQuery(c, ListQuery);
    const queue = await needQueue(context, c.req.param("queueId"));
    const offset = offsetOf(query.cursor);
    const rows = await store.queueItemList({
      queueId: queue.id,
      ...(query.status ? { status: SECTIONS[query.status] } : {}),
      limit: query.page_size + 1,
      offset,
    });
    const page = rows.slice(0, query.page_size);
    const next = rows.length > query.page_size ? String(offset + query.page_size) : null;
    return c.json({ items: page.map((item) => queueItemJson(item, context.now())), next_cursor: next });
  });

  app.get(`${items}/count`, async (c) => {
    const query = readQuery(c, CountQuery);
    const queue = await needQueue(context, c.req.param("queueId"));
    const status = query.status ? { status: SECTIONS[query.status] } : {};
    return c.json({ count: await store.queueItemCount({ queueId: queue.id, ...status }) });
  });

  app.patch(`${items}/:itemId`, async (c) => {
    const { queueId, itemId } = c.req.param();
    const body = await readJson(c, context, UpdateBody);
    const item = await store.queueItemUpdate({
      queueId,
      id: itemId,
      ...(body.added_at ? { addedAt: body.added_at } : {}),
      ...(body.last_reviewed_time ? { lastReviewedAt: body.last_reviewed_time } : {}),
    });
    if (!item) throw itemNotFound(itemId);
    return c.json(queueItemJson(item, context.now()));
  });

  app.post(`${items}/delete`, async (c) => {
    const body = await readJson(c, context, DeleteBody);
    const queue = await needQueue(context, c.req.param("queueId"));
    if (body.item_ids.length > 0) await store.queueItemRemove({ queueId: queue.id, ids: body.item_ids });
    return c.json({ message: "deleted" });
  });

  app.get(`${items}/:itemId/placement`, async (c) => {
    const { queueId, itemId } = c.req.param();
    const item = await store.queueItemGet({ queueId, id: itemId });
    if (!item) throw itemNotFound(itemId);
    const section = sectionOf(item.status);
    const before = await store.queueItemList({ queueId, status: item.status, limit: 100_000, offset: 0 });
    const position = before.findIndex((other) => other.id === item.id);
    return c.json({ section, position, cursor: String(Math.max(0, position)), item_type: "RUN" });
  });
}

function sectionOf(status: QueueItemStatus): "needs_my_review" | "needs_others_review" | "archived" {
  return status === "completed" ? "archived" : status;
}
