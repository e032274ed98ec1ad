import type { Context, Hono } from "hono";
import { z } from "zod";
import type { AnnotationQueue, QueueItem } from "../../model/annotation-queue.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import { reservationsOf, stringsOf } from "../../wire/langsmith/queue.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needQueue } from "./annotation-queues.ts";
import { time } from "./field.ts";
import { itemNotFound } from "./queue-runs.ts";

const StatusBody = z.looseObject({
  status: z.enum(["viewed", "completed"]).nullish(),
  override_added_at: time.nullish(),
});
const ReviewerBody = z.looseObject({ identity_id: z.string().min(1).max(200) });

/** Who reviews when the client does not say: LangSmith knows people by their key, and here there is one key for all. */
const SOMEONE = "reviewer";

/**
 * Reviewing: looking at an item reserves it, completing it counts towards the reviewers it needs. A client may name its
 * user in `x-loopsmith-reviewer`.
 */
export function queueReviewRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  const setStatus = async (c: Context): Promise<Response> => {
    const id = c.req.param("itemId") ?? "";
    const body = await readJson(c, context, StatusBody);
    const item = await store.queueItemGet({ id });
    if (!item) throw itemNotFound(id);
    const queue = await needQueue(context, item.queueId);
    const reviewer = c.req.header("x-loopsmith-reviewer") ?? SOMEONE;
    const change =
      body.status === "completed" ? completed(queue, item, reviewer) : viewed(queue, item, reviewer, context.now());
    const updated = await store.queueItemUpdate({
      queueId: queue.id,
      id,
      ...change,
      lastReviewedAt: context.now(),
      ...(body.override_added_at ? { addedAt: body.override_added_at } : {}),
    });
    return c.json({
      queue_item_id: id,
      status: body.status ?? "viewed",
      is_archived: updated?.status === "completed",
      ...(body.override_added_at ? { override_added_at: new Date(body.override_added_at).toISOString() } : {}),
    });
  };
  app.post("/platform/annotation-queues/items/:itemId/status", setStatus);
  app.post("/annotation-queues/status/:itemId", setStatus);

  const reviewers = "/platform/annotation-queues/:queueId/reviewers";

  app.post(reviewers, async (c) => {
    const queue = await needQueue(context, c.req.param("queueId"));
    const { identity_id: id } = await readJson(c, context, ReviewerBody);
    const known = reviewersOf(queue);
    if (!known.some((reviewer) => reviewer["id"] === id)) await assign(context, queue, [...known, { id }]);
    return c.json({ identity_id: id });
  });

  app.get(reviewers, async (c) => c.json(reviewersOf(await needQueue(context, c.req.param("queueId")))));

  app.get(`${reviewers}/:identityId`, async (c) => {
    const queue = await needQueue(context, c.req.param("queueId"));
    const id = c.req.param("identityId");
    if (!reviewersOf(queue).some((reviewer) => reviewer["id"] === id)) throw itemNotFound(id);
    return c.json({ identity_id: id });
  });

  app.delete(`${reviewers}/:identityId`, async (c) => {
    const queue = await needQueue(context, c.req.param("queueId"));
    const id = c.req.param("identityId");
    await assign(
      context,
      queue,
      reviewersOf(queue).filter((reviewer) => reviewer["id"] !== id),
    );
    return c.body(null, 204);
  });
}

type Change = Partial<Pick<QueueItem, "status" | "details">>;

function completed(queue: AnnotationQueue, item: QueueItem, reviewer: string): Change {
  const completedBy = [...new Set([...stringsOf(item.details["completed_by"]), reviewer])];
  const needed = Number(queue.settings["num_reviewers_per_item"] ?? 1);
  const reservations = reservationsOf(item.details).filter(({ by }) => by !== reviewer);
  return {
    status: completedBy.length >= needed ? "completed" : "needs_others_review",
    details: { ...item.details, completed_by: completedBy, reservations: reservations.map((entry) => ({ ...entry })) },
  };
}

function viewed(queue: AnnotationQueue, item: QueueItem, reviewer: string, now: number): Change {
  if (queue.settings["enable_reservations"] === false) return {};
  const minutes = Number(queue.settings["reservation_minutes"] ?? 1);
  const others = reservationsOf(item.details).filter(({ by, until }) => by !== reviewer && until > now);
  const reservations = [...others, { by: reviewer, until: now + minutes * 60_000 }];
  return { details: { ...item.details, reservations: reservations.map((entry) => ({ ...entry })) } };
}

function reviewersOf(queue: AnnotationQueue): JsonObject[] {
  const reviewers = queue.settings["assigned_reviewers"];
  return Array.isArray(reviewers) ? reviewers.filter(isJsonObject) : [];
}

async function assign({ store }: ServerContext, queue: AnnotationQueue, reviewers: JsonObject[]): Promise<void> {
  await store.queueUpdate({ id: queue.id, settings: { ...queue.settings, assigned_reviewers: reviewers } });
}
