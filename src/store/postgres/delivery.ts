import { sql } from "kysely";
import { toMicros } from "../sql/columns.ts";
import type { DeliveryStatements } from "../sql/delivery.ts";
import type { DeliveryTable } from "../sql/schema-loop.ts";
import { WITHOUT_WAITING, type PostgresNative } from "./open-postgres.ts";

export const deliveryStatements: DeliveryStatements<PostgresNative> = {
  claim(db, { loopId, limit, leaseMs, leaseToken }) {
    return db.lease(async ({ native }) => {
      const now = toMicros(db.now());
      const { rows } = await sql<DeliveryTable>`
        with due as (
          select id from delivery
          where ${WITHOUT_WAITING} and loop_id = ${loopId} and state = 'pending' and next_attempt_at <= ${now}::bigint
            and (lease_until is null or lease_until <= ${now}::bigint)
          order by next_attempt_at limit ${limit} for update skip locked
        )
        update delivery set lease_token = ${leaseToken}, lease_until = ${toMicros(db.now() + leaseMs)}::bigint
        from due where delivery.id = due.id
        returning delivery.*`.execute(native);
      return rows;
    });
  },
};
