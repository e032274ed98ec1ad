import type { MiningStore } from "../resource/mining.ts";
import { fromMicros, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";

export function miningStore(db: Database): MiningStore {
  const after = (ms: number): number => toMicros(db.now() + ms);

  return {
    miningOpen({ id, loopId, codebookId, shares, patienceMs }) {
      return db.write(async ({ query }) => {
        const now = toMicros(db.now());
        const over = query.selectFrom("mining").select("id").where("expires_at", "<=", now);
        await query.deleteFrom("mining_share").where("mining_id", "in", over).execute();
        await query.deleteFrom("mining").where("expires_at", "<=", now).execute();
        const mining = { id, loop_id: loopId, codebook_id: codebookId, asked: 0, question: null };
        await query
          .insertInto("mining")
          .values({ ...mining, expires_at: after(patienceMs) })
          .execute();
        const rows = shares.map(({ from, to }, share) => ({
          mining_id: id,
          share,
          from_at: toMicros(from),
          to_at: toMicros(to),
          lease_token: null,
          lease_until: null,
          answered: 0,
          answer: null,
        }));
        if (rows.length > 0) await query.insertInto("mining_share").values(rows).execute();
      });
    },

    miningAsk({ id, asked, question, patienceMs }) {
      return db.write(async ({ query }) => {
        await query
          .updateTable("mining")
          .set({ asked, question, expires_at: after(patienceMs) })
          .where("id", "=", id)
          .execute();
      });
    },

    async miningCollect({ id, asked, patienceMs }) {
      const shares = await db.read
        .selectFrom("mining_share")
        .select("answered")
        .where("mining_id", "=", id)
        .orderBy("share")
        .execute();
      const missing = shares.filter(({ answered }) => answered < asked).length;
      if (missing > 0) {
        await db.write(async ({ query }) => {
          await query
            .updateTable("mining")
            .set({ expires_at: after(patienceMs) })
            .where("id", "=", id)
            // A touch a second is enough to be heard of.
            .where("expires_at", "<", after(patienceMs - 1000))
            .execute();
        });
        return missing;
      }
      const rows = await db.read
        .selectFrom("mining_share")
        .select("answer")
        .where("mining_id", "=", id)
        .orderBy("share")
        .execute();
      return rows.map(({ answer }) => answer ?? new Uint8Array());
    },

    miningClose({ id }) {
      return db.write(async ({ query }) => {
        await query.deleteFrom("mining_share").where("mining_id", "=", id).execute();
        await query.deleteFrom("mining").where("id", "=", id).execute();
      });
    },

    async miningClaim({ leaseToken, leaseMs }) {
      const now = toMicros(db.now());
      const free = await db.read
        .selectFrom("mining_share")
        .innerJoin("mining", "mining.id", "mining_share.mining_id")
        .select(["mining_id", "share", "from_at", "to_at", "loop_id", "codebook_id"])
        .where("expires_at", ">", now)
        .where(({ eb, or }) => or([eb("lease_token", "is", null), eb("lease_until", "<=", now)]))
        .orderBy("mining_id")
        .orderBy("share")
        .execute();
      for (const row of free) {
        const claimed = await db.write(({ query }) =>
          query
            .updateTable("mining_share")
            .set({ lease_token: leaseToken, lease_until: after(leaseMs) })
            .where("mining_id", "=", row.mining_id)
            .where("share", "=", row.share)
            .where(({ eb, or }) => or([eb("lease_token", "is", null), eb("lease_until", "<=", now)]))
            .executeTakeFirst(),
        );
        if (claimed.numUpdatedRows === 0n) continue;
        return {
          miningId: row.mining_id,
          loopId: row.loop_id,
          codebookId: row.codebook_id,
          share: row.share,
          from: fromMicros(row.from_at),
          to: fromMicros(row.to_at),
        };
      }
      return null;
    },

    async miningNext({ miningId, share, leaseToken, leaseMs }) {
      const row = await db.read
        .selectFrom("mining_share")
        .innerJoin("mining", "mining.id", "mining_share.mining_id")
        .select(["asked", "answered", "lease_until", "expires_at"])
        .where("mining_id", "=", miningId)
        .where("share", "=", share)
        .where("lease_token", "=", leaseToken)
        .executeTakeFirst();
      if (!row || row.expires_at <= toMicros(db.now())) return "over";
      if ((row.lease_until ?? 0) < after(leaseMs / 2)) {
        const kept = await db.write(({ query }) =>
          query
            .updateTable("mining_share")
            .set({ lease_until: after(leaseMs) })
            .where("mining_id", "=", miningId)
            .where("share", "=", share)
            .where("lease_token", "=", leaseToken)
            .executeTakeFirst(),
        );
        if (kept.numUpdatedRows === 0n) return "over";
      }
      if (row.asked <= row.answered) return null;
      const mining = await db.read
        .selectFrom("mining")
        .select(["asked", "question"])
        .where("id", "=", miningId)
        .executeTakeFirst();
      return mining?.question ? { asked: mining.asked, question: mining.question } : "over";
    },

    miningAnswer({ miningId, share, leaseToken, asked, answer }) {
      return db.write(async ({ query }) => {
        const kept = await query
          .updateTable("mining_share")
          .set({ answered: asked, answer })
          .where("mining_id", "=", miningId)
          .where("share", "=", share)
          .where("lease_token", "=", leaseToken)
          .executeTakeFirst();
        return kept.numUpdatedRows > 0n;
      });
    },
  };
}
