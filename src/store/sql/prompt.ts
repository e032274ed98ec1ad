import { sql, type Kysely } from "kysely";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { Prompt, PromptKind } from "../../model/prompt.ts";
import type { PromptChanges, PromptStore } from "../resource/prompt.ts";
import { containsPattern, fromMicros, ifGiven, parseJson, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { PromptTable } from "./schema-prompt.ts";
import type { Schema } from "./schema.ts";

type PromptMethods = Pick<PromptStore, "promptCreate" | "promptGet" | "promptList" | "promptUpdate" | "promptDelete">;

export function promptStore(db: Database): PromptMethods {
  return {
    promptCreate(params) {
      return db.write(async ({ query }) => {
        const taken = await query.selectFrom("prompt").select("id").where("name", "=", params.name).executeTakeFirst();
        if (taken) {
          throw new LoopsmithError("conflict", `a prompt named "${params.name}" exists already`, {
            hint: "Choose another name, or commit to the prompt there is.",
          });
        }
        const at = toMicros(db.now());
        const row: PromptTable = {
          id: newId(),
          name: params.name,
          kind: params.kind ?? "prompt",
          description: null,
          readme: null,
          tags_json: "[]",
          is_public: 0,
          is_archived: 0,
          is_liked: 0,
          source: params.source ?? null,
          last_commit_hash: null,
          commit_count: 0,
          created_at: at,
          updated_at: at,
          ...changedColumns(params),
        };
        await query.insertInto("prompt").values(row).execute();
        return toPrompt(row);
      });
    },

    async promptGet({ name }) {
      const row = await readPrompt(db.read, name);
      return row ? toPrompt(row) : null;
    },

    async promptList(params) {
      let query = db.read.selectFrom("prompt");
      if (params.kinds) query = query.where("kind", "in", [...params.kinds]);
      if (params.isPublic !== undefined) query = query.where("is_public", "=", Number(params.isPublic));
      if (params.isArchived !== undefined) query = query.where("is_archived", "=", Number(params.isArchived));
      if (params.source !== undefined) query = query.where("source", "=", params.source);
      if (params.hasCommits === true) query = query.where("commit_count", ">", 0);
      if (params.hasCommits === false) query = query.where("commit_count", "=", 0);
      // The tags are a JSON list of strings, so each stands there as JSON writes it.
      for (const tag of params.tags ?? []) {
        query = query.where(sql<boolean>`tags_json like ${containsPattern(JSON.stringify(tag))} escape '\\'`);
      }
      if (params.query !== undefined) {
        const pattern = containsPattern(params.query.toLowerCase());
        const text = sql`lower(name || ' ' || coalesce(description, '') || ' ' || coalesce(readme, ''))`;
        query = query.where(sql<boolean>`${text} like ${pattern} escape '\\'`);
      }
      const { count } = await query.select(({ fn }) => fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
      const order = params.sortOrder ?? "desc";
      const rows = await (params.sortBy === "likes" ? query.orderBy("is_liked", order) : query)
        .selectAll()
        .orderBy("updated_at", order)
        .orderBy("id", order)
        .limit(params.limit)
        .offset(params.offset)
        .execute();
      return { rows: rows.map(toPrompt), total: count };
    },

    promptUpdate({ name, isArchived, isLiked, ...changes }) {
      return db.write(async ({ query }) => {
        const edits = {
          ...changedColumns(changes),
          ...(isArchived === undefined ? {} : { is_archived: Number(isArchived) }),
        };
        const row = await query
          .updateTable("prompt")
          .set({
            name,
            ...edits,
            is_liked: ifGiven(isLiked, Number),
            // A like is not an edit.
            ...(Object.keys(edits).length > 0 && { updated_at: toMicros(db.now()) }),
          })
          .where("name", "=", name)
          .returningAll()
          .executeTakeFirst();
        return row ? toPrompt(row) : null;
      });
    },

    promptDelete(params) {
      return db.write(async ({ query }) => {
        const found = query.selectFrom("prompt").select("id");
        const row = await (
          "id" in params ? found.where("id", "=", params.id) : found.where("name", "=", params.name)
        ).executeTakeFirst();
        if (!row) return false;
        await query.deleteFrom("prompt_tag").where("prompt_id", "=", row.id).execute();
        await query.deleteFrom("prompt_commit").where("prompt_id", "=", row.id).execute();
        await query.deleteFrom("prompt").where("id", "=", row.id).execute();
        return true;
      });
    },
  };
}

export function readPrompt(query: Kysely<Schema>, name: string): Promise<PromptTable | undefined> {
  return query.selectFrom("prompt").selectAll().where("name", "=", name).executeTakeFirst();
}

function changedColumns({ description, readme, tags, isPublic }: PromptChanges): Partial<PromptTable> {
  return {
    ...(description === undefined ? {} : { description }),
    ...(readme === undefined ? {} : { readme }),
    ...(tags === undefined ? {} : { tags_json: JSON.stringify(tags) }),
    ...(isPublic === undefined ? {} : { is_public: Number(isPublic) }),
  };
}

function toPrompt(row: PromptTable): Prompt {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as PromptKind,
    description: row.description,
    readme: row.readme,
    tags: parseJson(row.tags_json) as string[],
    isPublic: row.is_public === 1,
    isArchived: row.is_archived === 1,
    isLiked: row.is_liked === 1,
    source: row.source,
    lastCommitHash: row.last_commit_hash,
    commitCount: row.commit_count,
    createdAt: fromMicros(row.created_at),
    updatedAt: fromMicros(row.updated_at),
  };
}
