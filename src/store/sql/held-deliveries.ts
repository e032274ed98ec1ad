import { sql } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import type { DeliveryStore } from "../resource/delivery.ts";
import { chunksOf, toMicros } from "./columns.ts";
import { saveCursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import { insertDeliveries } from "./record-verdicts.ts";
import { toDelivery } from "./to-delivery.ts";

const IDS_PER_STATEMENT = 500;

export function heldStore(db: Database): Pick<DeliveryStore, "deliveryHeld" | "deliveryTell"> {
  return {
    async deliveryHeld({ loopId, after, limit }) {
      let query = db.read
        .selectFrom("delivery")
        .selectAll()
        .where("loop_id", "=", loopId)
        // Spelled out: as a parameter it would keep SQLite from the partial index.
        .where(sql<boolean>`state = 'suppressed'`)
        .where("digest_id", "is", null);
      if (after) {
        const at = toMicros(after.createdAt);
        query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("created_at", "id"), ">", tuple(at, after.id)));
      }
      const rows = await query.orderBy("created_at").orderBy("id").limit(limit).execute();
      return rows.map(toDelivery);
    },

    async deliveryTell({ ids, digestId, deliveries, cursor }) {
      try {
        await db.write(async (transaction) => {
          // First, so that two who tell at the same time come one after the other.
          await saveCursor(transaction, cursor);
          const { query } = transaction;
          let told = 0;
          for (const chunk of chunksOf(ids, IDS_PER_STATEMENT)) {
            const { numUpdatedRows } = await query
              .updateTable("delivery")
              .set({ digest_id: digestId, last_error: `told by digest ${digestId}` })
              .where("id", "in", chunk)
              .where("state", "=", "suppressed")
              .where("digest_id", "is", null)
              .executeTakeFirst();
            told += Number(numUpdatedRows);
          }
          if (told < ids.length)
            throw new LoopsmithError("conflict", "a held delivery was told or replayed meanwhile", {
              hint: "Read what is held again.",
            });
          await insertDeliveries(query, deliveries);
        });
        return true;
      } catch (error) {
        if (LoopsmithError.isInstance(error) && error.code === "conflict") return false;
        throw error;
      }
    },
  };
}
