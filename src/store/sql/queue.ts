import { sql } from "kysely";
import { newId, stableId } from "../../model/id.ts";
import type { AnnotationQueue, QueueItem, QueueItemStatus } from "../../model/annotation-queue.ts";
import type { QueueStore } from "../resource/queue.ts";
import {
  containsPattern,
  fromMicros,
  fromMicrosOrNull,
  ifGiven,
  parseObject,
  toJson,
  toMicros,
  toMicrosOrNull,
} from "./columns.ts";
import type { Database } from "./database.ts";
import type { QueueItemTable, QueueTable } from "./schema.ts";

export function queueStore(db: Database): QueueStore {
  const newQueue = (params: {
    id?: string;
    name: string;
    description?: string | null;
    settings?: object;
  }): QueueTable => ({
    id: params.id ?? newId(),
    name: params.name,
    description: params.description ?? null,
    settings_json: JSON.stringify(params.settings ?? {}),
    created_at: toMicros(db.now()),
    updated_at: toMicros(db.now()),
  });

  return {
    queueCreate(params) {
      return db.write(async ({ query }) => {
        const row = newQueue(params);
        await query.insertInto("queue").values(row).execute();
        return toQueue(row);
      });
    },

    queueEnsure({ name }) {
      return db.write(async ({ query }) => {
        const known = await query
          .selectFrom("queue")
          .selectAll()
          .where("name", "=", name)
          .orderBy("created_at")
          .executeTakeFirst();
        if (known) return toQueue(known);
        // One id for a name here, so that two who both miss the queue make the same one.
        const row = newQueue({ id: stableId("queue", name), name });
        await query
          .insertInto("queue")
          .values(row)
          .onConflict((conflict) => conflict.column("id").doNothing())
          .execute();
        return toQueue(await query.selectFrom("queue").selectAll().where("id", "=", row.id).executeTakeFirstOrThrow());
      });
    },

    async queueGet({ id }) {
      const row = await db.read.selectFrom("queue").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? toQueue(row) : null;
    },

    async queueList(params) {
      let query = db.read.selectFrom("queue").selectAll();
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      if (params.name !== undefined) query = query.where("name", "=", params.name);
      if (params.nameContains !== undefined) {
        query = query.where(
          sql<boolean>`lower(name) like ${containsPattern(params.nameContains.toLowerCase())} escape '\\'`,
        );
      }
      const rows = await query
        .orderBy("created_at", "desc")
        .orderBy("id")
        .limit(params.limit)
        .offset(params.offset)
        .execute();
      return rows.map(toQueue);
    },

    async queueListOfRun({ runId }) {
      const rows = await db.read
        .selectFrom("queue")
        .innerJoin("queue_item", "queue_item.queue_id", "queue.id")
        .selectAll("queue")
        .where("queue_item.run_id", "=", runId)
        .where("queue_item.removed_at", "is", null)
        .orderBy("queue.created_at")
        .execute();
      return rows.map(toQueue);
    },

    queueUpdate(params) {
      return db.write(async ({ query }) => {
        const row = await query
          .updateTable("queue")
          .set({
            name: params.name,
            description: params.description,
            settings_json: ifGiven(params.settings, toJson),
            updated_at: toMicros(db.now()),
          })
          .where("id", "=", params.id)
          .returningAll()
          .executeTakeFirst();
        return row ? toQueue(row) : null;
      });
    },

    queueDelete({ id }) {
      return db.write(async ({ query }) => {
        await query.deleteFrom("queue_item").where("queue_id", "=", id).execute();
        const result = await query.deleteFrom("queue").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },

    queueItemAdd({ queueId, items, unlessRemoved = false }) {
      return db.write(async ({ query }) => {
        const added: QueueItem[] = [];
        for (const [index, item] of items.entries()) {
          const row: QueueItemTable = {
            id: item.id ?? newId(),
            queue_id: queueId,
            run_id: item.runId,
            project_id: item.projectId ?? null,
            metadata_json: JSON.stringify(item.metadata ?? {}),
            status: "needs_my_review",
            details_json: JSON.stringify(item.details ?? {}),
            // One microsecond apart, so that a batch keeps its order.
            added_at: toMicros(db.now()) + index,
            last_reviewed_at: null,
            removed_at: null,
          };
          await query
            .insertInto("queue_item")
            .values(row)
            .onConflict((conflict) =>
              unlessRemoved
                ? conflict.columns(["queue_id", "run_id"]).doNothing()
                : conflict
                    .columns(["queue_id", "run_id"])
                    .doUpdateSet({ removed_at: null, status: row.status, added_at: row.added_at })
                    .where("queue_item.removed_at", "is not", null),
            )
            .execute();
          const stored = await query
            .selectFrom("queue_item")
            .selectAll()
            .where("queue_id", "=", queueId)
            .where("run_id", "=", item.runId)
            .executeTakeFirstOrThrow();
          if (stored.removed_at === null) added.push(toItem(stored));
        }
        return added;
      });
    },

    async queueItemGet({ queueId, id }) {
      let query = db.read.selectFrom("queue_item").selectAll().where("id", "=", id).where("removed_at", "is", null);
      if (queueId !== undefined) query = query.where("queue_id", "=", queueId);
      const row = await query.executeTakeFirst();
      return row ? toItem(row) : null;
    },

    async queueItemList(params) {
      let query = db.read
        .selectFrom("queue_item")
        .selectAll()
        .where("queue_id", "=", params.queueId)
        .where("removed_at", "is", null);
      if (params.status) query = query.where("status", "=", params.status);
      if (params.runId !== undefined) query = query.where("run_id", "=", params.runId);
      const rows = await query.orderBy("added_at").orderBy("id").limit(params.limit).offset(params.offset).execute();
      return rows.map(toItem);
    },

    async queueItemCount({ queueId, status }) {
      let query = db.read
        .selectFrom("queue_item")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("queue_id", "=", queueId)
        .where("removed_at", "is", null);
      if (status) query = query.where("status", "=", status);
      return Number((await query.executeTakeFirstOrThrow()).count);
    },

    queueItemUpdate(params) {
      return db.write(async ({ query }) => {
        const row = await query
          .updateTable("queue_item")
          .set({
            id: params.id,
            status: params.status,
            details_json: ifGiven(params.details, toJson),
            added_at: ifGiven(params.addedAt, toMicros),
            last_reviewed_at: ifGiven(params.lastReviewedAt, toMicrosOrNull),
          })
          .where("queue_id", "=", params.queueId)
          .where("id", "=", params.id)
          .where("removed_at", "is", null)
          .returningAll()
          .executeTakeFirst();
        return row ? toItem(row) : null;
      });
    },

    queueItemRemove({ queueId, ids }) {
      return db.write(async ({ query }) => {
        const result = await query
          .updateTable("queue_item")
          .set({ removed_at: toMicros(db.now()) })
          .where("queue_id", "=", queueId)
          .where("id", "in", [...ids])
          .where("removed_at", "is", null)
          .executeTakeFirst();
        return Number(result.numUpdatedRows);
      });
    },
  };
}

function toQueue(row: QueueTable): AnnotationQueue {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    settings: parseObject(row.settings_json),
    createdAt: fromMicros(row.created_at),
    updatedAt: fromMicros(row.updated_at),
  };
}

function toItem(row: QueueItemTable): QueueItem {
  return {
    id: row.id,
    queueId: row.queue_id,
    runId: row.run_id,
    projectId: row.project_id,
    metadata: parseObject(row.metadata_json),
    status: row.status as QueueItemStatus,
    details: parseObject(row.details_json),
    addedAt: fromMicros(row.added_at),
    lastReviewedAt: fromMicrosOrNull(row.last_reviewed_at),
  };
}
