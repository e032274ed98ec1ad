import { sql } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { Project } from "../../model/project.ts";
import type { ProjectStore } from "../resource/project.ts";
import {
  containsPattern,
  fromMicros,
  fromMicrosOrNull,
  ifGiven,
  parseObject,
  toJson,
  toMicros,
  toMicrosOrNull,
} from "./columns.ts";
import type { Database } from "./database.ts";
import type { ProjectTable } from "./schema.ts";

export function projectStore(db: Database): ProjectStore {
  return {
    async projectEnsure({ name }) {
      const known = await projectByName(db, name);
      if (known) return known;
      return db.write(async ({ query }) => {
        await query
          .insertInto("project")
          .values(newProject({ name }, db.now()))
          .onConflict((conflict) => conflict.column("name").doNothing())
          .execute();
        const row = await query.selectFrom("project").selectAll().where("name", "=", name).executeTakeFirstOrThrow();
        return toProject(row);
      });
    },

    projectCreate(params) {
      return db.write(async ({ query }) => {
        const taken = await query.selectFrom("project").selectAll().where("name", "=", params.name).executeTakeFirst();
        if (taken && !params.upsert) {
          throw new LoopsmithError("conflict", `a project named "${params.name}" exists already`, {
            hint: "Choose another name, or create it with upsert.",
          });
        }
        if (taken) {
          const row = await query
            .updateTable("project")
            .set({ id: taken.id, extra_json: ifGiven(params.extra, toJson), description: params.description })
            .where("id", "=", taken.id)
            .returningAll()
            .executeTakeFirst();
          return toProject(row ?? taken);
        }
        const row = newProject(params, db.now());
        await query.insertInto("project").values(row).execute();
        return toProject(row);
      });
    },

    async projectGet(params) {
      if ("name" in params) return projectByName(db, params.name);
      const row = await db.read.selectFrom("project").selectAll().where("id", "=", params.id).executeTakeFirst();
      return row ? toProject(row) : null;
    },

    async projectList(params) {
      let query = db.read.selectFrom("project").selectAll();
      if (params.ids) query = query.where("id", "in", [...params.ids]);
      if (params.name !== undefined) query = query.where("name", "=", params.name);
      if (params.nameContains !== undefined) {
        query = query.where(
          sql<boolean>`lower(name) like ${containsPattern(params.nameContains.toLowerCase())} escape '\\'`,
        );
      }
      if (params.referenceDatasetIds)
        query = query.where("reference_dataset_id", "in", [...params.referenceDatasetIds]);
      if (params.referenceFree === true) query = query.where("reference_dataset_id", "is", null);
      if (params.referenceFree === false) query = query.where("reference_dataset_id", "is not", null);
      query = query.orderBy("start_at", "desc").orderBy("id");
      if (!params.metadata) query = query.limit(params.limit).offset(params.offset);
      const rows = (await query.execute()).map(toProject);
      if (!params.metadata) return rows;
      const wanted = Object.entries(params.metadata);
      return rows
        .filter((row) => {
          const metadata = (row.extra["metadata"] ?? {}) as Record<string, unknown>;
          return wanted.every(([key, value]) => JSON.stringify(metadata[key]) === JSON.stringify(value));
        })
        .slice(params.offset, params.offset + params.limit);
    },

    projectUpdate(params) {
      return db.write(async ({ query }) => {
        const row = await query.selectFrom("project").select("name").where("id", "=", params.id).executeTakeFirst();
        if (!row) return null;
        if (params.name !== undefined && params.name !== row.name) {
          const taken = await query
            .selectFrom("project")
            .select("id")
            .where("name", "=", params.name)
            .executeTakeFirst();
          if (taken) {
            throw new LoopsmithError("conflict", `a project named "${params.name}" exists already`, {
              hint: "Choose another name.",
            });
          }
        }
        const next = await query
          .updateTable("project")
          .set({
            id: params.id,
            name: params.name,
            description: params.description,
            extra_json: ifGiven(params.extra, toJson),
            end_at: ifGiven(params.endAt, toMicrosOrNull),
          })
          .where("id", "=", params.id)
          .returningAll()
          .executeTakeFirst();
        return next ? toProject(next) : null;
      });
    },

    projectDelete({ id }) {
      return db.writeLong(async ({ query }) => {
        const spans = query.selectFrom("span").select("id").where("project_id", "=", id);
        await query.deleteFrom("attachment").where("span_id", "in", spans).execute();
        await query.deleteFrom("feedback").where("project_id", "=", id).execute();
        await query.deleteFrom("span").where("project_id", "=", id).execute();
        await query.deleteFrom("trace").where("project_id", "=", id).execute();
        const result = await query.deleteFrom("project").where("id", "=", id).executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },
  };
}

/** The row of a project that does not exist yet; it began `now` (epoch ms) unless it says when. */
export function newProject(
  params: {
    id?: string;
    name: string;
    description?: string | null;
    extra?: object;
    referenceDatasetId?: string | null;
    startAt?: number;
  },
  now: number,
): ProjectTable {
  return {
    id: params.id ?? newId(),
    name: params.name,
    description: params.description ?? null,
    extra_json: JSON.stringify(params.extra ?? {}),
    reference_dataset_id: params.referenceDatasetId ?? null,
    start_at: toMicros(params.startAt ?? now),
    end_at: null,
  };
}

async function projectByName(db: Database, name: string): Promise<Project | null> {
  const row = await db.read.selectFrom("project").selectAll().where("name", "=", name).executeTakeFirst();
  return row ? toProject(row) : null;
}

function toProject(row: ProjectTable): Project {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    extra: parseObject(row.extra_json),
    referenceDatasetId: row.reference_dataset_id,
    startAt: fromMicros(row.start_at),
    endAt: fromMicrosOrNull(row.end_at),
  };
}
