import { sql } from "kysely";
import { newId } from "../../model/id.ts";
import type { FeedbackConfigRow, FeedbackConfigStore, FeedbackTokenRow } from "../resource/feedback-config.ts";
import { containsPattern, fromMicros, ifGiven, parseObject, toJson, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { FeedbackConfigTable, FeedbackTokenTable } from "./schema.ts";

export function feedbackConfigStore(db: Database): FeedbackConfigStore {
  return {
    feedbackConfigEnsure({ key, config, lowerIsBetter, enforced }) {
      return db.write(async ({ query }) => {
        await query
          .insertInto("feedback_config")
          .values({
            id: newId(),
            key,
            config_json: JSON.stringify(config),
            lower_is_better: Number(lowerIsBetter),
            enforced: Number(enforced),
            modified_at: toMicros(db.now()),
          })
          .onConflict((conflict) => conflict.column("key").doNothing())
          .execute();
        const row = await query
          .selectFrom("feedback_config")
          .selectAll()
          .where("key", "=", key)
          .executeTakeFirstOrThrow();
        return toConfig(row);
      });
    },

    async feedbackConfigList({ keys, nameContains, limit, offset }) {
      let query = db.read.selectFrom("feedback_config").selectAll();
      if (keys) query = query.where("key", "in", [...keys]);
      if (nameContains !== undefined) {
        query = query.where(sql<boolean>`lower(key) like ${containsPattern(nameContains.toLowerCase())} escape '\\'`);
      }
      return (await query.orderBy("key").limit(limit).offset(offset).execute()).map(toConfig);
    },

    feedbackConfigUpdate({ key, config, lowerIsBetter }) {
      return db.write(async ({ query }) => {
        const row = await query
          .updateTable("feedback_config")
          .set({
            config_json: ifGiven(config, toJson),
            lower_is_better: ifGiven(lowerIsBetter, Number),
            modified_at: toMicros(db.now()),
          })
          .where("key", "=", key)
          .returningAll()
          .executeTakeFirst();
        return row ? toConfig(row) : null;
      });
    },

    feedbackConfigDelete({ key }) {
      return db.write(async ({ query }) => {
        const result = await query.deleteFrom("feedback_config").where("key", "=", key).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },

    feedbackTokenCreate({ tokens }) {
      return db.write(async ({ query }) => {
        for (const token of tokens) await query.insertInto("feedback_token").values(toTokenTable(token)).execute();
      });
    },

    async feedbackTokenGet({ id }) {
      const row = await db.read.selectFrom("feedback_token").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? toToken(row) : null;
    },

    async feedbackTokenList({ runId, limit, offset }) {
      const rows = await db.read
        .selectFrom("feedback_token")
        .selectAll()
        .where("run_id", "=", runId)
        .orderBy("created_at")
        .orderBy("id")
        .limit(limit)
        .offset(offset)
        .execute();
      return rows.map(toToken);
    },
  };
}

function toConfig(row: FeedbackConfigTable): FeedbackConfigRow {
  return {
    id: row.id,
    key: row.key,
    config: parseObject(row.config_json),
    lowerIsBetter: row.lower_is_better === 1,
    enforced: row.enforced === 1,
    modifiedAt: fromMicros(row.modified_at),
  };
}

function toTokenTable(token: FeedbackTokenRow): FeedbackTokenTable {
  return {
    id: token.id,
    run_id: token.runId,
    key: token.key,
    config_json: token.config === null ? null : JSON.stringify(token.config),
    expires_at: toMicros(token.expiresAt),
    created_at: toMicros(token.createdAt),
  };
}

function toToken(row: FeedbackTokenTable): FeedbackTokenRow {
  return {
    id: row.id,
    runId: row.run_id,
    key: row.key,
    config: row.config_json === null ? null : parseObject(row.config_json),
    expiresAt: fromMicros(row.expires_at),
    createdAt: fromMicros(row.created_at),
  };
}
