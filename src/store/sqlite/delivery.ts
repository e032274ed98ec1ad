import { toMicros } from "../sql/columns.ts";
import type { DeliveryStatements } from "../sql/delivery.ts";
import type { DeliveryTable } from "../sql/schema-loop.ts";
import type { Connection } from "./statement-cache.ts";

const CLAIM = `update delivery set lease_token = ?1, lease_until = ?2
  where id in (
    select id from delivery
    where loop_id = ?4 and state = 'pending' and next_attempt_at <= ?3 and (lease_until is null or lease_until <= ?3)
    order by next_attempt_at limit ?5)
  returning *`;

export const deliveryStatements: DeliveryStatements<Connection> = {
  claim(db, { loopId, limit, leaseMs, leaseToken }) {
    return db.lease(({ native }) => {
      const now = db.now();
      const rows = native.prepare(CLAIM).all(leaseToken, toMicros(now + leaseMs), toMicros(now), loopId, limit);
      return Promise.resolve(rows as DeliveryTable[]);
    });
  },
};
