import type { StandingScore } from "../../model/standing-score.ts";
import type { LedgerStore, VerdictRecord } from "../resource/ledger.ts";
import { chunksOf, fromMicrosOrNull, parseObject } from "./columns.ts";
import { saveCursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import { reopen } from "./late-scores.ts";

const TRACES_A_QUERY = 500;

/** Scores that live on another platform, held against what stood there when their traces were judged. */
export function seenScoresStore(db: Database): Pick<LedgerStore, "ledgerUnseen" | "ledgerReopen"> {
  return {
    async ledgerUnseen({ loopId, scores }) {
      const unseen: StandingScore[] = [];
      const held: StandingScore[] = [];
      for (const traceIds of chunksOf([...new Set(scores.map(({ traceId }) => traceId))], TRACES_A_QUERY)) {
        const rows = await db.read
          .selectFrom("ledger")
          .leftJoin("verdict", (join) =>
            join
              .onRef("verdict.loop_id", "=", "ledger.loop_id")
              .onRef("verdict.trace_id", "=", "ledger.trace_id")
              .on("verdict.latest", "=", 1),
          )
          .select(["ledger.trace_id", "ledger.state", "ledger.lease_until", "verdict.seen_scores_json"])
          .where("ledger.loop_id", "=", loopId)
          .where("ledger.trace_id", "in", traceIds)
          .execute();
        const byTrace = new Map(rows.map((row) => [row.trace_id, row]));
        for (const score of scores) {
          const row = byTrace.get(score.traceId);
          if (!row) continue;
          const waits = row.state === "settling" || row.state === "deferred";
          if (waits && (fromMicrosOrNull(row.lease_until) ?? 0) > db.now()) held.push(score);
          // What waits will be judged with the score anyway.
          if (waits || parseSeen(row.seen_scores_json)[score.spanId]?.[score.key] === score.score) continue;
          unseen.push(score);
        }
      }
      return { unseen, held };
    },

    ledgerReopen: ({ loopId, traceIds, settleMs, cursor }) =>
      db.write(async ({ query }) => {
        // In one order, so that two writers never lock in a circle.
        for (const traceId of [...new Set(traceIds)].sort()) await reopen(query, loopId, traceId, db.now(), settleMs);
        if (cursor) await saveCursor({ query }, cursor);
      }),
  };
}

type Seen = NonNullable<VerdictRecord["seenScores"]>;

function parseSeen(json: string | null): Seen {
  return json === null ? {} : (parseObject(json) as unknown as Seen);
}
