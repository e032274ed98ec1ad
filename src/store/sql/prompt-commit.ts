import type { Kysely } from "kysely";
import { hash } from "node:crypto";
import { canonicalJson } from "../../internal/canonical-json.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { JsonObject } from "../../model/json.ts";
import type { PromptCommit, PromptTag } from "../../model/prompt.ts";
import type { PromptStore } from "../resource/prompt.ts";
import { fromMicros, parseObject, toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import { readPrompt } from "./prompt.ts";
import type { PromptCommitTable, PromptTable, PromptTagTable } from "./schema-prompt.ts";
import type { Schema } from "./schema.ts";

type CommitMethods = Omit<PromptStore, "promptCreate" | "promptGet" | "promptList" | "promptUpdate" | "promptDelete">;

const NEWEST = "latest";
/** Fewer letters of a hash are taken for a tag. */
const SHORTEST_HASH = 8;

export function promptCommitStore(db: Database): CommitMethods {
  return {
    promptCommitCreate(params) {
      return db.write(async ({ query }) => {
        const prompt = await holdPrompt(query, params.name);
        const newest = await newestCommit(query, prompt.id);
        assertParent(params.parent, newest);
        const before = newest ? parseObject(newest.manifest_json) : null;
        const manifest = typeof params.manifest === "function" ? params.manifest(before) : params.manifest;
        if (before && canonicalJson(before) === canonicalJson(manifest)) {
          throw new LoopsmithError(
            "conflict",
            "Nothing to commit: the prompt has not changed since the latest commit",
            {
              hint: "Use the commit there is.",
              details: { commitHash: newest?.hash },
            },
          );
        }
        const row = newCommit(prompt, newest, manifest, params.description ?? null, toMicros(db.now()));
        await query.insertInto("prompt_commit").values(row).execute();
        await query
          .updateTable("prompt")
          .set({ last_commit_hash: row.hash, commit_count: row.position, updated_at: row.created_at })
          .where("id", "=", prompt.id)
          .execute();
        return toCommit(row);
      });
    },

    async promptCommitGet({ promptId, ref }) {
      const commits = db.read.selectFrom("prompt_commit").selectAll().where("prompt_commit.prompt_id", "=", promptId);
      if (ref === NEWEST) {
        const row = await newestCommit(db.read, promptId);
        return row ? toCommit(row) : null;
      }
      const tagged = await commits
        .innerJoin("prompt_tag", "prompt_tag.commit_id", "prompt_commit.id")
        .selectAll("prompt_commit")
        .where("prompt_tag.prompt_id", "=", promptId)
        .where("prompt_tag.tag", "=", ref)
        .executeTakeFirst();
      if (tagged) return toCommit(tagged);
      if (ref.length < SHORTEST_HASH || !/^[0-9a-f]{1,64}$/i.test(ref)) return null;
      const found = await commits.where("hash", "like", `${ref.toLowerCase()}%`).limit(2).execute();
      if (found.length > 1) {
        throw new LoopsmithError("conflict", `more than one commit begins with ${ref}`, {
          hint: "Send more letters of the hash.",
        });
      }
      return found[0] ? toCommit(found[0]) : null;
    },

    async promptCommitList({ promptId, limit, offset }) {
      const commits = db.read.selectFrom("prompt_commit").where("prompt_id", "=", promptId);
      const { total } = await commits.select(({ fn }) => fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      const rows = await commits.selectAll().orderBy("position", "desc").limit(limit).offset(offset).execute();
      return { rows: rows.map(toCommit), total };
    },

    promptTagSet({ promptId, tag, commitId }) {
      return db.write(async ({ query }) => {
        const commit = await query
          .selectFrom("prompt_commit")
          .select("hash")
          .where("prompt_id", "=", promptId)
          .where("id", "=", commitId)
          .executeTakeFirst();
        if (!commit) return null;
        const at = toMicros(db.now());
        await query
          .insertInto("prompt_tag")
          .values({ prompt_id: promptId, tag, commit_id: commitId, created_at: at, updated_at: at })
          .onConflict((conflict) =>
            conflict.columns(["prompt_id", "tag"]).doUpdateSet({ commit_id: commitId, updated_at: at }),
          )
          .execute();
        const row = await query
          .selectFrom("prompt_tag")
          .selectAll()
          .where("prompt_id", "=", promptId)
          .where("tag", "=", tag)
          .executeTakeFirstOrThrow();
        return toTag({ ...row, hash: commit.hash });
      });
    },

    async promptTagList({ promptId }) {
      const rows = await db.read
        .selectFrom("prompt_tag")
        .innerJoin("prompt_commit", "prompt_commit.id", "prompt_tag.commit_id")
        .selectAll("prompt_tag")
        .select("prompt_commit.hash")
        .where("prompt_tag.prompt_id", "=", promptId)
        .orderBy("tag")
        .execute();
      return rows.map(toTag);
    },

    promptTagDelete({ promptId, tag }) {
      return db.write(async ({ query }) => {
        const result = await query
          .deleteFrom("prompt_tag")
          .where("prompt_id", "=", promptId)
          .where("tag", "=", tag)
          .executeTakeFirst();
        return result.numDeletedRows > 0n;
      });
    },
  };
}

/** The prompt, with others who commit to it made to wait. */
async function holdPrompt(query: Kysely<Schema>, name: string): Promise<PromptTable> {
  // Writing a row, if only itself, locks it on every database.
  await query
    .updateTable("prompt")
    .set((row) => ({ updated_at: row.ref("updated_at") }))
    .where("name", "=", name)
    .execute();
  const prompt = await readPrompt(query, name);
  if (prompt) return prompt;
  throw new LoopsmithError("not_found", `there is no prompt "${name}"`, { hint: "Create the prompt first." });
}

function newestCommit(query: Kysely<Schema>, promptId: string): Promise<PromptCommitTable | undefined> {
  return query
    .selectFrom("prompt_commit")
    .selectAll()
    .where("prompt_id", "=", promptId)
    .orderBy("position", "desc")
    .limit(1)
    .executeTakeFirst();
}

function assertParent(parent: string | undefined, newest: PromptCommitTable | undefined): void {
  if (parent === undefined || parent === NEWEST) return;
  const begins = parent.length >= SHORTEST_HASH && newest?.hash.startsWith(parent.toLowerCase());
  if (begins) return;
  const actual = newest ? `the newest commit is ${newest.hash.slice(0, SHORTEST_HASH)}` : "it has no commits yet";
  throw new LoopsmithError("conflict", `parent_commit: somebody has committed to the prompt meanwhile; ${actual}`, {
    hint: "Pull the newest commit, make the change again, and commit on top of it.",
    details: { field: "parent_commit", newest: newest?.hash ?? null },
  });
}

function newCommit(
  prompt: PromptTable,
  parent: PromptCommitTable | undefined,
  manifest: JsonObject,
  description: string | null,
  createdAt: number,
): PromptCommitTable {
  return {
    id: newId(),
    prompt_id: prompt.id,
    hash: hash("sha256", canonicalJson({ parent: parent?.hash ?? null, manifest })),
    position: (parent?.position ?? 0) + 1,
    parent_id: parent?.id ?? null,
    parent_hash: parent?.hash ?? null,
    description,
    manifest_json: JSON.stringify(manifest),
    created_at: createdAt,
  };
}

function toCommit(row: PromptCommitTable): PromptCommit {
  return {
    id: row.id,
    promptId: row.prompt_id,
    hash: row.hash,
    parentId: row.parent_id,
    parentHash: row.parent_hash,
    description: row.description,
    manifest: parseObject(row.manifest_json),
    createdAt: fromMicros(row.created_at),
  };
}

function toTag(row: PromptTagTable & { hash: string }): PromptTag {
  return {
    promptId: row.prompt_id,
    tag: row.tag,
    commitId: row.commit_id,
    commitHash: row.hash,
    createdAt: fromMicros(row.created_at),
    updatedAt: fromMicros(row.updated_at),
  };
}
