import type { Kysely } from "kysely";
import { randomUUID } from "node:crypto";
import type { ThreadShareStore } from "../resource/thread-share.ts";
import type { Database } from "./database.ts";
import type { Schema } from "./schema.ts";

export function threadShareStore(db: Database): ThreadShareStore {
  const find = (query: Kysely<Schema>, { projectId, threadId }: { projectId: string; threadId: string }) =>
    query
      .selectFrom("thread_share")
      .select("token")
      .where("project_id", "=", projectId)
      .where("thread_id", "=", threadId)
      .executeTakeFirst();

  return {
    threadShare({ projectId, threadId }) {
      return db.write(async ({ query }) => {
        await query
          .insertInto("thread_share")
          .values({ project_id: projectId, thread_id: threadId, token: randomUUID() })
          .onConflict((conflict) => conflict.columns(["project_id", "thread_id"]).doNothing())
          .execute();
        return (await find(query, { projectId, threadId }))?.token ?? "";
      });
    },

    async threadShareGet(params) {
      return (await find(db.read, params))?.token ?? null;
    },

    threadUnshare({ projectId, threadId }) {
      return db.write(async ({ query }) => {
        await query
          .deleteFrom("thread_share")
          .where("project_id", "=", projectId)
          .where("thread_id", "=", threadId)
          .execute();
      });
    },

    async threadOfToken({ token }) {
      const row = await db.read.selectFrom("thread_share").selectAll().where("token", "=", token).executeTakeFirst();
      return row ? { projectId: row.project_id, threadId: row.thread_id } : null;
    },
  };
}
