import type { SelectQueryBuilder } from "kysely";
import type { DeliveryState } from "../../model/delivery.ts";
import type { DeliveryClaim, DeliveryFilter, DeliveryStore } from "../resource/delivery.ts";
import { fromMicros, toMicros, toMicrosOrNull } from "./columns.ts";
import type { Database } from "./database.ts";
import { heldStore } from "./held-deliveries.ts";
import { insertDeliveries } from "./record-verdicts.ts";
import { toDelivery } from "./to-delivery.ts";
import type { Schema } from "./schema.ts";
import type { DeliveryTable } from "./schema-loop.ts";

export interface DeliveryStatements<Native> {
  claim(db: Database<Native>, params: Parameters<DeliveryStore["deliveryClaim"]>[0]): Promise<DeliveryTable[]>;
}

export function deliveryStore<Native>(db: Database<Native>, statements: DeliveryStatements<Native>): DeliveryStore {
  return {
    deliveryAdd: ({ deliveries }) => db.write(({ query }) => insertDeliveries(query, deliveries)),

    async deliveryClaim(params) {
      const rows = await statements.claim(db, params);
      return rows.map((row): DeliveryClaim => ({ ...toDelivery(row), leaseToken: params.leaseToken }));
    },

    deliveryRenew({ ids, leaseMs, leaseToken }) {
      if (ids.length === 0) return Promise.resolve([]);
      return db.lease(async ({ query }) => {
        const rows = await query
          .updateTable("delivery")
          .set({ lease_until: toMicros(db.now() + leaseMs) })
          .where("id", "in", [...ids])
          .where("lease_token", "=", leaseToken)
          .returning("id")
          .execute();
        return rows.map(({ id }) => id);
      });
    },

    deliverySettle({ results }) {
      if (results.length === 0) return Promise.resolve(0);
      return db.write(async ({ query }) => {
        let settled = 0;
        for (const result of results) {
          const { numUpdatedRows } = await query
            .updateTable("delivery")
            .set((eb) => ({
              state: result.state,
              attempts: eb("attempts", "+", 1),
              next_attempt_at: toMicros(result.nextAttemptAt),
              last_error: result.lastError,
              delivered_at: toMicrosOrNull(result.deliveredAt),
              lease_token: null,
              lease_until: null,
            }))
            .where("id", "=", result.id)
            .where("lease_token", "=", result.leaseToken)
            .executeTakeFirst();
          settled += Number(numUpdatedRows);
        }
        return settled;
      });
    },

    deliveryRetire({ ids, reason }) {
      return db.write(async ({ query }) => {
        let retired = 0;
        for (const id of ids) {
          const result = await query
            .updateTable("delivery")
            .set({ state: "dead", last_error: reason, lease_token: null, lease_until: null })
            .where("id", "=", id)
            .where("state", "=", "pending")
            .where(({ eb, or }) => or([eb("lease_until", "is", null), eb("lease_until", "<=", toMicros(db.now()))]))
            .executeTakeFirst();
          retired += Number(result.numUpdatedRows);
        }
        return retired;
      });
    },

    ...heldStore(db),

    async deliveryList(params) {
      const rows = await filtered(db.read.selectFrom("delivery").selectAll(), params)
        .orderBy("created_at", "desc")
        .orderBy("id")
        .limit(params.limit)
        .offset(params.offset ?? 0)
        .execute();
      return rows.map(toDelivery);
    },

    async deliveryCounts({ loopId }) {
      let query = db.read
        .selectFrom("delivery")
        .select(({ fn }) => ["kind" as const, "state" as const, fn.countAll<number>().as("count")])
        .groupBy(["kind", "state"]);
      if (loopId !== undefined) query = query.where("loop_id", "=", loopId);
      const rows = await query.orderBy("kind").orderBy("state").execute();
      return rows.map((row) => ({ kind: row.kind, state: row.state as DeliveryState, count: Number(row.count) }));
    },

    async deliveryNextDue({ loopId }) {
      const row = await db.read
        .selectFrom("delivery")
        .select("next_attempt_at")
        .where("loop_id", "=", loopId)
        .where("state", "=", "pending")
        .where("lease_token", "is", null)
        .orderBy("next_attempt_at")
        .limit(1)
        .executeTakeFirst();
      return row ? fromMicros(row.next_attempt_at) : null;
    },

    deliveryReplay(params) {
      const now = toMicros(db.now());
      // What was held is told by a digest: nobody who replays dead letters wants it one by one, unless named.
      const usual: DeliveryState[] = params.ids ? ["dead", "suppressed"] : ["dead"];
      return db.write(async ({ query }) => {
        const ids = await filtered(query.selectFrom("delivery").select("id"), {
          ...params,
          states: params.states ?? usual,
        }).execute();
        let replayed = 0;
        for (const { id } of ids) {
          const result = await query
            .updateTable("delivery")
            .set({ state: "pending", attempts: 0, next_attempt_at: now, delivered_at: null, replayed_at: now })
            .where("id", "=", id)
            .where("state", "in", ["dead", "suppressed", "delivered"])
            .executeTakeFirst();
          replayed += Number(result.numUpdatedRows);
        }
        return replayed;
      });
    },
  };
}

function filtered<O>(
  query: SelectQueryBuilder<Schema, "delivery", O>,
  filter: DeliveryFilter,
): SelectQueryBuilder<Schema, "delivery", O> {
  let narrowed = query;
  if (filter.loopId !== undefined) narrowed = narrowed.where("loop_id", "=", filter.loopId);
  if (filter.ids) narrowed = narrowed.where("id", "in", [...filter.ids]);
  if (filter.states) narrowed = narrowed.where("state", "in", [...filter.states]);
  if (filter.kind !== undefined) narrowed = narrowed.where("kind", "=", filter.kind);
  if (filter.traceId !== undefined) narrowed = narrowed.where("trace_id", "=", filter.traceId);
  if (filter.createdFrom !== undefined) narrowed = narrowed.where("created_at", ">=", toMicros(filter.createdFrom));
  if (filter.createdTo !== undefined) narrowed = narrowed.where("created_at", "<", toMicros(filter.createdTo));
  return narrowed;
}
