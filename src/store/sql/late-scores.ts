import { sql, type Kysely } from "kysely";
import { isByProgram } from "../../model/feedback-source.ts";
import { isJsonObject } from "../../model/json.ts";
import { cleanParameter } from "./clean-parameter.ts";
import { chunksOf, parseObject, toMicros } from "./columns.ts";
import type { FeedbackTable, Schema } from "./schema.ts";

/** What a feedback says; a second write that says the same is a retry, and no news. */
const SAID = [
  "trace_id",
  "key",
  "score",
  "value_json",
  "comment",
  "correction_json",
] as const satisfies readonly (keyof FeedbackTable)[];

const IDS_PER_QUERY = 500;

type Said = Pick<FeedbackTable, "id" | "source_type" | (typeof SAID)[number]>;

/**
 * Starts the next revision of judged traces on which people just gave, changed or took back a score, in the loops that read
 * its key, and takes the lease away from whoever judges one without it. Part of the transaction that writes the feedback,
 * and called before it. What programs say (LangSmith's source type `model`, which is what loops write) changes nothing, so
 * that no loop feeds itself.
 */
export async function reopenForScores(query: Kysely<Schema>, said: readonly Said[], now: number): Promise<void> {
  const byPeople = said.filter((row) => row.trace_id !== null && !isByProgram(row.source_type));
  if (byPeople.length === 0) return;
  const loops = await loopsThatRead(query, new Set(byPeople.map(({ key }) => key)));
  if (loops.length === 0) return;
  const news: Said[] = [];
  for (const chunk of chunksOf(byPeople, IDS_PER_QUERY)) news.push(...(await newsAmong(query, chunk)));
  for (const { id, keys, settleMs } of loops) {
    const traceIds = new Set(news.flatMap(({ key, trace_id }) => (trace_id !== null && keys.has(key) ? trace_id : [])));
    // In one order, so that two writers never lock in a circle.
    for (const traceId of [...traceIds].sort()) await reopen(query, id, traceId, now, settleMs);
  }
}

async function newsAmong(query: Kysely<Schema>, said: readonly Said[]): Promise<Said[]> {
  const ids = said.map(({ id }) => id);
  const known = await query.selectFrom("feedback").selectAll().where("id", "in", ids).execute();
  const before = new Map(known.map((row) => [row.id, row]));
  return said.filter((row) => SAID.some((column) => before.get(row.id)?.[column] !== cleanParameter(row[column])));
}

const WAITS = sql<boolean>`(state in ('settling', 'deferred') and lease_token is null)`;

/**
 * Starts the next revision of a trace that is judged, sampled out or being judged. One that waits will be judged with the
 * score anyway and stays as it is, but it is written all the same, which locks it: nobody may claim and judge it before the
 * score can be read.
 */
export async function reopen(
  query: Kysely<Schema>,
  loopId: string,
  traceId: string,
  now: number,
  settleMs: number,
): Promise<void> {
  await query
    .updateTable("ledger")
    .set({
      revision: sql`case when state in ('settling', 'deferred') then revision else revision + 1 end`,
      attempts: sql`case when state in ('settling', 'deferred') then attempts else 0 end`,
      state: sql`case when ${WAITS} then state else 'settling' end`,
      reason: sql`case when ${WAITS} then reason end`,
      lease_token: null,
      lease_until: null,
      due_at: sql`case when ${WAITS} then due_at else ${toMicros(now + settleMs)} end`,
      updated_at: sql`case when ${WAITS} then updated_at else ${toMicros(now)} end`,
    })
    .where("loop_id", "=", loopId)
    .where("trace_id", "=", traceId)
    .execute();
}

interface Reader {
  id: string;
  keys: ReadonlySet<string>;
  settleMs: number;
}

async function loopsThatRead(query: Kysely<Schema>, written: ReadonlySet<string>): Promise<Reader[]> {
  const loops = await query.selectFrom("loop").select(["id", "config_json"]).orderBy("id").execute();
  return loops.flatMap(({ id, config_json }): Reader[] => {
    const { reads } = parseObject(config_json);
    if (!isJsonObject(reads) || !Array.isArray(reads["keys"])) return [];
    const keys = new Set(reads["keys"].filter((key): key is string => typeof key === "string" && written.has(key)));
    return keys.size === 0 ? [] : [{ id, keys, settleMs: Number(reads["settleMs"] ?? 0) }];
  });
}
