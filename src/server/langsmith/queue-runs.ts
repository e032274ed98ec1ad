import type { Context, Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { QueueItem } from "../../model/annotation-queue.ts";
import { queueInfoJson, queueRunJson } from "../../wire/langsmith/queue.ts";
import { payloadsOfV1, runV1Text } from "../../wire/langsmith/run-v1.ts";
import { jsonText } from "../json-text.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needQueue } from "./annotation-queues.ts";
import { flag, page, time, uuid } from "./field.ts";
import { runSources } from "./run-sources.ts";

const RunKey = z.looseObject({
  run_id: uuid,
  session_id: uuid.nullish(),
  start_time: z.string().nullish(),
  source_proposed_example_id: uuid.nullish(),
});
const AddBody = z.array(z.union([uuid, RunKey]));
const DeleteBody = z.looseObject({
  run_ids: z.array(uuid).nullish(),
  delete_all: z.boolean().nullish(),
  exclude_run_ids: z.array(uuid).nullish(),
});
const UpdateBody = z.looseObject({ added_at: time.nullish(), last_reviewed_time: time.nullish() });
const status = z.enum(["needs_my_review", "needs_others_review", "completed"]).optional();
const ListQuery = z.object({ status, archived: flag.optional(), ...page });
const SizeQuery = z.object({ status });

/** Items deleted at a time when a whole queue is emptied. */
const DELETE_PAGE = 500;

/** The runs in a queue, by LangSmith's first API generation. */
export function queueRunRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  const add = async (c: Context): Promise<Response> => {
    const queue = await needQueue(context, c.req.param("id") ?? "");
    const body = await readJson(c, context, AddBody);
    const items = body.map((entry) => (typeof entry === "string" ? { run_id: entry } : entry));
    const { rows } = await store.spanQuery({
      ids: items.map((item) => item.run_id),
      order: "asc",
      limit: Math.max(1, items.length),
      payloads: [],
    });
    const projectIds = new Map(rows.map((row) => [row.id, row.projectId]));
    const added = await store.queueItemAdd({
      queueId: queue.id,
      items: items.map((item) => ({
        runId: item.run_id,
        projectId: item.session_id ?? projectIds.get(item.run_id) ?? null,
        details: {
          ...(item.start_time ? { start_time: item.start_time } : {}),
          ...(item.source_proposed_example_id ? { source_proposed_example_id: item.source_proposed_example_id } : {}),
        },
      })),
    });
    return c.json(added.map(queueRunJson));
  };
  app.post("/annotation-queues/:id/runs", add);
  app.post("/annotation-queues/:id/runs/by-key", add);

  app.get("/annotation-queues/:id/runs", async (c) => {
    const query = readQuery(c, ListQuery);
    const wanted = query.archived === true ? "completed" : query.status;
    const items = await store.queueItemList({
      queueId: (await needQueue(context, c.req.param("id"))).id,
      ...(wanted ? { status: wanted } : {}),
      limit: query.limit,
      offset: query.offset,
    });
    return jsonText(`[${(await runsOfItems(c, context, items)).join(",")}]`);
  });

  app.get("/annotation-queues/:id/run/:index", async (c) => {
    const { id, index } = c.req.param();
    const offset = Number(index);
    const items =
      Number.isInteger(offset) && offset >= 0
        ? await store.queueItemList({ queueId: (await needQueue(context, id)).id, limit: 1, offset })
        : [];
    const [text] = await runsOfItems(c, context, items);
    if (text === undefined) {
      throw new LoopsmithError("not_found", `the queue has no run at index ${index}`, {
        hint: "Ask for GET /annotation-queues/{id}/size first.",
      });
    }
    return jsonText(text);
  });

  app.patch("/annotation-queues/:id/runs/:itemId", async (c) => {
    const { id, itemId } = c.req.param();
    const body = await readJson(c, context, UpdateBody);
    const item = await store.queueItemUpdate({
      queueId: id,
      id: itemId,
      ...(body.added_at ? { addedAt: body.added_at } : {}),
      ...(body.last_reviewed_time ? { lastReviewedAt: body.last_reviewed_time } : {}),
    });
    if (!item) throw itemNotFound(itemId);
    return c.json(queueRunJson(item));
  });

  app.delete("/annotation-queues/:id/runs/:itemId", async (c) => {
    const { id, itemId } = c.req.param();
    // Clients send the run's id where LangSmith's own interface sends the item's.
    const [ofRun] = await store.queueItemList({ queueId: id, runId: itemId, limit: 1, offset: 0 });
    if ((await store.queueItemRemove({ queueId: id, ids: [ofRun?.id ?? itemId] })) === 0) throw itemNotFound(itemId);
    return c.json({ message: "deleted" });
  });

  app.post("/annotation-queues/:id/runs/delete", async (c) => {
    const queue = await needQueue(context, c.req.param("id"));
    const body = await readJson(c, context, DeleteBody);
    const kept = new Set(body.exclude_run_ids);
    const wanted = new Set(body.run_ids);
    const isGone = (item: QueueItem): boolean =>
      body.delete_all ? !kept.has(item.id) && !kept.has(item.runId) : wanted.has(item.id) || wanted.has(item.runId);
    const ids: string[] = [];
    for (let offset = 0; ; offset += DELETE_PAGE) {
      const items = await store.queueItemList({ queueId: queue.id, limit: DELETE_PAGE, offset });
      ids.push(...items.filter(isGone).map((item) => item.id));
      if (items.length < DELETE_PAGE) break;
    }
    const deleted = ids.length === 0 ? 0 : await store.queueItemRemove({ queueId: queue.id, ids });
    return c.json({ message: "deleted", deleted });
  });

  app.get("/annotation-queues/:id/size", async (c) => {
    const query = readQuery(c, SizeQuery);
    const queue = await needQueue(context, c.req.param("id"));
    const size = await store.queueItemCount({ queueId: queue.id, ...(query.status ? { status: query.status } : {}) });
    return c.json({ size });
  });
  app.get("/annotation-queues/:id/total_size", async (c) => {
    const queue = await needQueue(context, c.req.param("id"));
    return c.json({ size: await store.queueItemCount({ queueId: queue.id }) });
  });
  app.get("/annotation-queues/:id/total_archived", async (c) => {
    const queue = await needQueue(context, c.req.param("id"));
    return c.json({ size: await store.queueItemCount({ queueId: queue.id, status: "completed" }) });
  });
}

/** The items' runs with the items' own fields, in the items' order; a run that is gone leaves a bare entry. */
async function runsOfItems(c: Context, context: ServerContext, items: readonly QueueItem[]): Promise<string[]> {
  if (items.length === 0) return [];
  const { rows } = await context.store.spanQuery({
    ids: items.map((item) => item.runId),
    order: "asc",
    limit: items.length,
    payloads: payloadsOfV1(),
  });
  const sources = await runSources(context, rows, { origin: new URL(c.req.url).origin, withFeedback: true });
  const texts = new Map(sources.map((source) => [source.span.id, runV1Text(source)]));
  return items.map((item) => {
    const run = texts.get(item.runId) ?? JSON.stringify({ id: item.runId, session_id: item.projectId });
    return `${run.slice(0, -1)},${JSON.stringify(queueInfoJson(item, context.now())).slice(1)}`;
  });
}

export function itemNotFound(id: string): LoopsmithError {
  return new LoopsmithError("not_found", `the queue has no item ${id}`, {
    hint: "It may have been removed; list the queue's items.",
  });
}
