import type { Json } from "../../model/json.ts";
import type { EvaluationStore } from "../resource/evaluation.ts";
import { toMicros } from "./columns.ts";
import type { Database } from "./database.ts";

const KEPT_MS = 30 * 24 * 3_600_000;
/** Old answers that one new one takes away: more than one, so that they grow fewer. */
const FORGOTTEN_AT_ONCE = 10;

export function evaluationStore(db: Database): EvaluationStore {
  return {
    async evaluationGet({ key }) {
      const row = await db.read
        .selectFrom("evaluation")
        .select("result_json")
        .where("key", "=", key)
        .where("created_at", ">=", toMicros(db.now() - KEPT_MS))
        .executeTakeFirst();
      return row ? (JSON.parse(row.result_json) as Json) : null;
    },

    // A power cut may forget it: the evaluator is asked once more.
    evaluationPut: ({ key, result }) =>
      db.lease(async ({ query }) => {
        const now = db.now();
        const old = query
          .selectFrom("evaluation")
          .select("key")
          .where("created_at", "<", toMicros(now - KEPT_MS))
          .orderBy("created_at")
          .limit(FORGOTTEN_AT_ONCE);
        await query.deleteFrom("evaluation").where("key", "in", old).execute();
        await query
          .insertInto("evaluation")
          .values({ key, result_json: JSON.stringify(result), created_at: toMicros(now) })
          .onConflict((conflict) => conflict.column("key").doNothing())
          .execute();
      }),
  };
}
