import type { FollowedPattern } from "../../model/issue.ts";
import type { LearningStore } from "../resource/learning.ts";
import { writeBuckets } from "./bucket.ts";
import { parseObject } from "./columns.ts";
import type { Database } from "./database.ts";
import { insertDeliveries } from "./record-verdicts.ts";

export function learningStore(db: Database): LearningStore {
  return {
    async issueList({ loopId }) {
      const rows = await db.read
        .selectFrom("issue")
        .select("document_json")
        .where("loop_id", "=", loopId)
        .orderBy("id")
        .execute();
      return rows.map((row) => JSON.parse(row.document_json) as FollowedPattern);
    },

    issueReplace({ loopId, changes }) {
      return db.write(async ({ query }) => {
        // First, so that of two who change the same issue the second sees what the first has made of it. And a learner that
        // read the issues before this change must not write them back over it.
        const turn = await query
          .updateTable("learning")
          .set((eb) => ({ version: eb("version", "+", 1) }))
          .where("loop_id", "=", loopId)
          .executeTakeFirst();
        if (turn.numUpdatedRows === 0n) return false;
        for (const { before } of changes) {
          const row = await query
            .selectFrom("issue")
            .select("document_json")
            .where("loop_id", "=", loopId)
            .where("id", "=", before.id)
            .executeTakeFirst();
          if (row?.document_json !== JSON.stringify(before)) return false;
        }
        for (const { before, after } of changes) {
          await query
            .updateTable("issue")
            .set({ state: after.state, document_json: JSON.stringify(after) })
            .where("loop_id", "=", loopId)
            .where("id", "=", before.id)
            .where("document_json", "=", JSON.stringify(before))
            .execute();
        }
        return true;
      });
    },

    async learningGet({ loopId }) {
      const row = await db.read.selectFrom("learning").selectAll().where("loop_id", "=", loopId).executeTakeFirst();
      return row ? { version: row.version, state: parseObject(row.state_json) } : { version: 0, state: {} };
    },

    learningRecord({ loopId, version, state, issues, deliveries, buckets }) {
      return db.write(async ({ query }) => {
        const next = { version: version + 1, state_json: JSON.stringify(state) };
        const written =
          version === 0
            ? await query
                .insertInto("learning")
                .values({ loop_id: loopId, ...next })
                .onConflict((conflict) => conflict.column("loop_id").doNothing())
                .executeTakeFirst()
                .then((result) => result.numInsertedOrUpdatedRows ?? 0n)
            : await query
                .updateTable("learning")
                .set(next)
                .where("loop_id", "=", loopId)
                .where("version", "=", version)
                .executeTakeFirst()
                .then((result) => result.numUpdatedRows);
        if (written === 0n) return false;
        for (const issue of issues) {
          const document = { state: issue.state, document_json: JSON.stringify(issue) };
          await query
            .insertInto("issue")
            .values({ loop_id: loopId, id: issue.id, ...document })
            .onConflict((conflict) => conflict.columns(["loop_id", "id"]).doUpdateSet(document))
            .execute();
        }
        if (buckets) await writeBuckets(query, loopId, buckets, db.now());
        await insertDeliveries(query, deliveries);
        return true;
      });
    },
  };
}
