import { sql } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { ComparativeExperiment } from "../../model/comparative-experiment.ts";
import type { ComparativeStore } from "../resource/comparative.ts";
import { containsPattern, fromMicros, parseJson, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { ComparativeExperimentTable } from "./schema-dataset.ts";
import { feedbackTally } from "./span-stats.ts";

export function comparativeStore(db: Database): ComparativeStore {
  const withProjects = async (rows: readonly ComparativeExperimentTable[]): Promise<ComparativeExperiment[]> => {
    const ids = [...new Set(rows.flatMap(projectIdsOf))];
    const projects =
      ids.length === 0
        ? []
        : await db.read.selectFrom("project").select(["id", "name"]).where("id", "in", ids).execute();
    const names = new Map(projects.map(({ id, name }) => [id, name]));
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      datasetId: row.dataset_id,
      projects: projectIdsOf(row).map((id) => ({ id, name: names.get(id) ?? null })),
      extra: parseObject(row.extra_json),
      createdAt: fromMicros(row.created_at),
      modifiedAt: fromMicros(row.modified_at),
    }));
  };

  return {
    async comparativeCreate(params) {
      const createdAt = toMicros(params.createdAt ?? db.now());
      const row: ComparativeExperimentTable = {
        id: params.id ?? newId(),
        name: params.name,
        description: params.description ?? null,
        dataset_id: params.datasetId,
        project_ids_json: JSON.stringify(params.projectIds),
        extra_json: JSON.stringify(params.extra ?? {}),
        created_at: createdAt,
        modified_at: createdAt,
      };
      await db.write(async ({ query }) => {
        const taken = await query
          .selectFrom("comparative_experiment")
          .select("id")
          .where("id", "=", row.id)
          .executeTakeFirst();
        if (taken) {
          throw new LoopsmithError("conflict", `Comparative experiment ${row.id} already exists`, {
            hint: "Leave out the id.",
          });
        }
        await query.insertInto("comparative_experiment").values(row).execute();
      });
      const [created] = await withProjects([row]);
      return created as ComparativeExperiment;
    },

    async comparativeList(params) {
      let query = db.read.selectFrom("comparative_experiment").selectAll().where("dataset_id", "=", params.datasetId);
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      if (params.name !== undefined) query = query.where("name", "=", params.name);
      if (params.nameContains !== undefined) {
        const pattern = containsPattern(params.nameContains.toLowerCase());
        query = query.where(sql<boolean>`lower(name) like ${pattern} escape '\\'`);
      }
      const rows = await query
        .orderBy(params.sortBy === "name" ? "name" : "created_at", params.sortOrder ?? "desc")
        .orderBy("id")
        .limit(params.limit)
        .offset(params.offset)
        .execute();
      return withProjects(rows);
    },

    comparativeDelete({ id }) {
      return db.writeLong(async ({ query }) => {
        const result = await query.deleteFrom("comparative_experiment").where("id", "=", id).executeTakeFirst();
        if (result.numDeletedRows === 0n) return false;
        await query.deleteFrom("feedback").where("comparative_experiment_id", "=", id).execute();
        return true;
      });
    },

    async comparativeStats({ ids }) {
      const stats = new Map<string, Map<string, FeedbackStats>>();
      for (const id of ids) {
        const given = sql<boolean>`feedback.comparative_experiment_id = ${id}`;
        const projects = await db.read
          .selectFrom("feedback")
          .select("project_id")
          .distinct()
          .where(given)
          .where("project_id", "is not", null)
          .$narrowType<{ project_id: string }>()
          .execute();
        const byProject = new Map<string, FeedbackStats>();
        for (const { project_id: projectId } of projects) {
          byProject.set(projectId, await feedbackTally(db, sql`${given} and feedback.project_id = ${projectId}`));
        }
        stats.set(id, byProject);
      }
      return stats;
    },
  };
}

function projectIdsOf(row: ComparativeExperimentTable): string[] {
  return parseJson(row.project_ids_json) as string[];
}
