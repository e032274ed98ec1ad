import type { Kysely } from "kysely";
import type { JsonObject } from "../../model/json.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";
import type { FeedbackStats, StoredFeedback } from "../../model/stored-feedback.ts";
import type { FeedbackStore } from "../resource/feedback.ts";
import { chunksOf, fromMicros, jsonOrNull, keysOf, parseJson, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import { largeJsonOrNull, parseLargeJson } from "./large-json.ts";
import { reopenForScores } from "./late-scores.ts";
import type { FeedbackTable, Schema } from "./schema.ts";

export function feedbackStore(db: Database): FeedbackStore {
  return {
    feedbackWrite({ feedback }) {
      return db.write(({ query }) => writeFeedbackRows(query, feedback, db.now()));
    },

    async feedbackGet({ id }) {
      const row = await db.read.selectFrom("feedback").selectAll().where("id", "=", id).executeTakeFirst();
      if (!row) return null;
      const value = await parseLargeJson(row.value_json);
      const correction = await parseLargeJson(row.correction_json);
      return { ...toFeedback({ ...row, value_json: null, correction_json: null }), value, correction };
    },

    feedbackUpdate(params) {
      return db.write(async ({ query }) => {
        const row = await query.selectFrom("feedback").selectAll().where("id", "=", params.id).executeTakeFirst();
        if (!row) return null;
        const changes = {
          ...(params.score !== undefined && { score: params.score }),
          ...(params.value !== undefined && { value_json: jsonOrNull(params.value) }),
          ...(params.comment !== undefined && { comment: params.comment }),
          ...(params.correction !== undefined && { correction_json: jsonOrNull(params.correction) }),
        };
        await reopenForScores(query, [{ ...row, ...changes }], db.now());
        const next = await query
          .updateTable("feedback")
          .set({ ...changes, modified_at: toMicros(db.now()) })
          .where("id", "=", params.id)
          .returningAll()
          .executeTakeFirst();
        return next ? toFeedback(next) : null;
      });
    },

    feedbackDelete({ id }) {
      return db.write(async ({ query }) => {
        const row = await query.selectFrom("feedback").selectAll().where("id", "=", id).executeTakeFirst();
        if (row) await reopenForScores(query, [{ ...row, score: null, value_json: null, comment: null }], db.now());
        const result = await query.deleteFrom("feedback").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },

    async feedbackList(params) {
      let query = db.read.selectFrom("feedback").selectAll();
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      if (params.runIds) query = query.where("run_id", "in", [...params.runIds]);
      if (params.projectIds) query = query.where("project_id", "in", [...params.projectIds]);
      if (params.keys) query = query.where("key", "in", [...params.keys]);
      if (params.sources) query = query.where("source_type", "in", [...params.sources]);
      const rows = await query
        .orderBy("created_at", "desc")
        .orderBy("id")
        .limit(params.limit)
        .offset(params.offset)
        .execute();
      return rows.map(toFeedback);
    },

    async feedbackStats({ runIds }) {
      const tallies = new Map<string, Map<string, Tally>>();
      for (const chunk of chunksOf(runIds, 500)) {
        const rows = await db.read
          .selectFrom("feedback")
          .select(["run_id", "key", "score", "value_json"])
          .where("run_id", "in", chunk)
          .execute();
        for (const row of rows) addToTally(tallies, row);
      }
      return new Map([...tallies].map(([runId, ofRun]) => [runId, toStats(ofRun)]));
    },
  };
}

type StatsRow = Pick<FeedbackTable, "run_id" | "key" | "score" | "value_json">;

/** What a second write of the same id replaces: everything but the id and when it was first written. */
export const REPLACED_FEEDBACK_COLUMNS = keysOf<Exclude<keyof FeedbackTable, "id" | "created_at">>({
  run_id: true,
  trace_id: true,
  project_id: true,
  key: true,
  score: true,
  value_json: true,
  comment: true,
  correction_json: true,
  source_type: true,
  source_json: true,
  extra_json: true,
  group_id: true,
  comparative_experiment_id: true,
  modified_at: true,
});

const ROWS_PER_STATEMENT = 100;

/** Inserts or replaces; the project and trace of a run we hold are filled in where the sender left them out. */
export async function writeFeedbackRows(
  query: Kysely<Schema>,
  feedback: readonly FeedbackWrite[],
  now: number,
): Promise<void> {
  await upsertFeedback(query, await toFeedbackRows(feedback, now), now);
}

/** The rows, whose project and trace may still be missing. Rests while it writes large values as JSON. */
export async function toFeedbackRows(feedback: readonly FeedbackWrite[], now: number): Promise<FeedbackTable[]> {
  const rows: FeedbackTable[] = [];
  for (const item of feedback) {
    const texts = {
      value_json: await largeJsonOrNull(item.value),
      correction_json: await largeJsonOrNull(item.correction),
      source_json: await largeJsonOrNull(item.source),
      extra_json: await largeJsonOrNull(item.extra),
    };
    rows.push(toFeedbackRow(item, now, texts));
  }
  return rows;
}

/** Writes rows as {@link toFeedbackRows} makes them. */
export async function upsertFeedback(
  query: Kysely<Schema>,
  written: readonly FeedbackTable[],
  now: number,
): Promise<void> {
  const rows = new Map<string, FeedbackTable>();
  for (const row of written) {
    if (row.run_id !== null && (row.project_id === null || row.trace_id === null)) {
      const span = await query
        .selectFrom("span")
        .select(["project_id", "trace_id"])
        .where("id", "=", row.run_id)
        .executeTakeFirst();
      row.project_id ??= span?.project_id ?? null;
      row.trace_id ??= span?.trace_id ?? null;
    }
    rows.set(row.id, row);
  }
  // All of them before the first is written, so that two writers lock the same traces in the same order.
  await reopenForScores(query, [...rows.values()], now);
  for (const chunk of chunksOf([...rows.values()], ROWS_PER_STATEMENT)) {
    await query
      .insertInto("feedback")
      .values(chunk)
      .onConflict((conflict) =>
        conflict
          .column("id")
          .doUpdateSet(({ ref }) =>
            Object.fromEntries(REPLACED_FEEDBACK_COLUMNS.map((column) => [column, ref(`excluded.${column}`)])),
          ),
      )
      .execute();
  }
}

type FeedbackTexts = Pick<FeedbackTable, "value_json" | "correction_json" | "source_json" | "extra_json">;

/** The feedback as it is stored; the project and trace may still be missing. `texts`: its JSON, where it is written already. */
export function toFeedbackRow(item: FeedbackWrite, now: number, texts: FeedbackTexts = textsOf(item)): FeedbackTable {
  const type = item.source?.["type"];
  return {
    id: item.id,
    run_id: item.runId,
    trace_id: item.traceId ?? null,
    project_id: item.projectId ?? null,
    key: item.key,
    score: item.score ?? null,
    comment: item.comment ?? null,
    source_type: typeof type === "string" ? type : null,
    ...texts,
    group_id: item.groupId ?? null,
    comparative_experiment_id: item.comparativeExperimentId ?? null,
    created_at: toMicros(item.createdAt ?? now),
    modified_at: toMicros(item.modifiedAt ?? now),
  };
}

function textsOf({ value, correction, source, extra }: FeedbackWrite): FeedbackTexts {
  return {
    value_json: jsonOrNull(value),
    correction_json: jsonOrNull(correction),
    source_json: jsonOrNull(source),
    extra_json: jsonOrNull(extra),
  };
}

function toFeedback(row: FeedbackTable): StoredFeedback {
  return {
    id: row.id,
    runId: row.run_id,
    traceId: row.trace_id,
    projectId: row.project_id,
    key: row.key,
    score: row.score,
    value: parseJson(row.value_json),
    comment: row.comment,
    correction: parseJson(row.correction_json),
    source: row.source_json === null ? null : parseObject(row.source_json),
    extra: row.extra_json === null ? null : (parseJson(row.extra_json) as JsonObject),
    groupId: row.group_id,
    comparativeExperimentId: row.comparative_experiment_id,
    createdAt: fromMicros(row.created_at),
    modifiedAt: fromMicros(row.modified_at),
  };
}

interface Tally {
  n: number;
  scored: number;
  sum: number;
  values: Record<string, number>;
}

function addToTally(tallies: Map<string, Map<string, Tally>>, row: StatsRow): void {
  if (row.run_id === null) return;
  const ofRun = tallies.get(row.run_id) ?? new Map<string, Tally>();
  tallies.set(row.run_id, ofRun);
  const tally = ofRun.get(row.key) ?? {
    n: 0,
    scored: 0,
    sum: 0,
    values: Object.create(null) as Record<string, number>,
  };
  ofRun.set(row.key, tally);
  tally.n += 1;
  if (row.score !== null) {
    tally.scored += 1;
    tally.sum += row.score;
  }
  const value = parseJson(row.value_json);
  if (typeof value === "string") tally.values[value] = (tally.values[value] ?? 0) + 1;
}

function toStats(tallies: Map<string, Tally>): FeedbackStats {
  const stats = Object.create(null) as FeedbackStats;
  for (const [key, tally] of tallies) {
    stats[key] = { n: tally.n, avg: tally.scored === 0 ? null : tally.sum / tally.scored, values: tally.values };
  }
  return stats;
}
