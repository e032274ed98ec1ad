import { sql, type AliasedRawBuilder } from "kysely";
import { randomUUID } from "node:crypto";
import { LoopsmithError } from "../../model/errors.ts";
import type { SpanStatus, TokenUsage } from "../../model/trace.ts";
import type { StoredSpan } from "../../model/stored-span.ts";
import type { AttachmentHead, SpanPage, SpanPayload, SpanQuery, SpanStore } from "../resource/span.ts";
import { chunksOf, fromMicros, fromMicrosOrNull, parseJson, parseObject } from "./columns.ts";
import type { Database } from "./database.ts";
import type { SpanTable } from "./schema.ts";
import { selectSpans, type SpanSelect } from "./span-conditions.ts";

type PayloadColumn = Exclude<SpanPayload, "attachments">;
/** A span with as much of its payload as was asked for. */
export type SelectedSpan = Omit<SpanTable, PayloadColumn> & Partial<Pick<SpanTable, PayloadColumn>>;

/** What a trace is made of, beside payloads. */
export const TRACE_COLUMNS = [
  "id",
  "project_id",
  "trace_id",
  "parent_id",
  "name",
  "kind",
  "start_at",
  "end_at",
  "dotted_order",
  "status",
  "error",
  "tags_json",
  "metadata_json",
  "model",
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "cost",
  "thread_id",
] as const satisfies readonly (keyof SpanTable)[];

const HEAD_COLUMNS = [...TRACE_COLUMNS, "first_token_at", "reference_example_id", "share_token"] as const;

export function spanReadStore(
  db: Database,
): Pick<SpanStore, "spanQuery" | "spanTag" | "spanShare" | "spanUnshare" | "attachmentGet"> {
  return {
    async spanQuery(params) {
      const direction = params.order;
      const columns = params.payloads.filter((payload): payload is PayloadColumn => payload !== "attachments");
      const found = (await afterCursor(selectSpans(db, params), params)
        .select([...HEAD_COLUMNS, payloadBytes(columns)])
        .orderBy("span.start_at", direction)
        .orderBy("span.id", direction)
        .limit(params.limit + 1)
        .execute()) as (SelectedSpan & { payload_bytes: number })[];
      const page = found.slice(0, Math.min(params.limit, rowsWithin(PAGE_BYTES, found)));
      if (columns.length > 0) await addPayloads(db, page, columns);
      const attachments = params.payloads.includes("attachments") ? await attachmentHeads(db, page) : new Map();
      const last = page.at(-1);
      return {
        rows: page.map((row) => toStoredSpan(row, attachments.get(row.id) ?? [])),
        nextCursor: found.length > page.length && last ? encodeCursor(last) : null,
      } satisfies SpanPage;
    },

    spanTag({ id, tag }) {
      return db.write(async ({ query }) => {
        for (;;) {
          const row = await query.selectFrom("span").select("tags_json").where("id", "=", id).executeTakeFirst();
          if (!row) return false;
          const tags = parseJson(row.tags_json) as string[];
          if (tags.includes(tag)) return true;
          const { numUpdatedRows } = await query
            .updateTable("span")
            .set({ tags_json: JSON.stringify([...tags, tag]) })
            .where("id", "=", id)
            // Of two tags that meet, the later one is added to what the earlier one left.
            .where("tags_json", "=", row.tags_json)
            .executeTakeFirst();
          if (numUpdatedRows > 0n) return true;
        }
      });
    },

    spanShare({ id, token }) {
      return db.write(async ({ query }) => {
        const row = await query
          .updateTable("span")
          .set({ share_token: token ?? sql<string>`coalesce(share_token, ${randomUUID()})` })
          .where("id", "=", id)
          .returning("share_token")
          .executeTakeFirst();
        return row?.share_token ?? null;
      });
    },

    spanUnshare({ id }) {
      return db.write(async ({ query }) => {
        await query.updateTable("span").set({ share_token: null }).where("id", "=", id).execute();
      });
    },

    async attachmentGet({ spanId, name }) {
      const row = await db.read
        .selectFrom("attachment")
        .select(["mime_type", "bytes"])
        .where("span_id", "=", spanId)
        .where("name", "=", name)
        .executeTakeFirst();
      return row ? { mimeType: row.mime_type, bytes: row.bytes } : null;
    },
  };
}

/** Payloads of one page; more of them wait for the next page, but there is always one row. */
const PAGE_BYTES = 24 * 1024 * 1024;
const PAYLOADS_PER_STATEMENT = 200;

function payloadBytes(columns: readonly PayloadColumn[]): AliasedRawBuilder<number, "payload_bytes"> {
  const lengths = columns.map((column) => sql`coalesce(length(${sql.ref(`span.${column}`)}), 0)`);
  return sql<number>`(${lengths.length === 0 ? sql`0` : sql.join(lengths, sql` + `)})`.as("payload_bytes");
}

function rowsWithin(bytes: number, rows: readonly { payload_bytes: number }[]): number {
  let total = 0;
  for (const [index, row] of rows.entries()) {
    total += row.payload_bytes;
    if (total > bytes) return Math.max(1, index);
  }
  return rows.length;
}

/** Payloads are read after the page is known, so that the search carries none of them. */
async function addPayloads(db: Database, rows: SelectedSpan[], columns: readonly PayloadColumn[]): Promise<void> {
  for (const chunk of chunksOf(rows, PAYLOADS_PER_STATEMENT)) {
    const ids = chunk.map((row) => row.id);
    const payloads = await db.read
      .selectFrom("span")
      .select(["id", ...columns])
      .where("id", "in", ids)
      .execute();
    const byId = new Map(payloads.map((payload) => [payload.id, payload]));
    for (const row of chunk) Object.assign(row, byId.get(row.id));
  }
}

function afterCursor(query: SpanSelect, params: SpanQuery): SpanSelect {
  if (params.cursor === undefined) return query;
  const { startAt, id } = decodeCursor(params.cursor);
  // Row values keep the (start_at, id) index in use.
  return params.order === "desc"
    ? query.where(sql<boolean>`(span.start_at, span.id) < (${startAt}, ${id})`)
    : query.where(sql<boolean>`(span.start_at, span.id) > (${startAt}, ${id})`);
}

async function attachmentHeads(db: Database, rows: readonly { id: string }[]): Promise<Map<string, AttachmentHead[]>> {
  const heads = new Map<string, AttachmentHead[]>();
  for (const chunk of chunksOf(rows, 500)) {
    const found = await db.read
      .selectFrom("attachment")
      .select(["span_id", "name", "mime_type", "byte_length"])
      .where(
        "span_id",
        "in",
        chunk.map((row) => row.id),
      )
      .orderBy("name")
      .execute();
    for (const row of found) {
      const list = heads.get(row.span_id) ?? [];
      heads.set(row.span_id, list);
      list.push({ name: row.name, mimeType: row.mime_type, byteLength: row.byte_length });
    }
  }
  return heads;
}

function toStoredSpan(row: SelectedSpan, attachments: AttachmentHead[]): StoredSpan {
  return {
    ...spanFacts(row),
    projectId: row.project_id,
    firstTokenAt: fromMicrosOrNull(row.first_token_at),
    threadId: row.thread_id,
    referenceExampleId: row.reference_example_id,
    shareToken: row.share_token,
    inputs: row.inputs ?? null,
    outputs: row.outputs ?? null,
    extra: row.extra ?? null,
    events: row.events ?? null,
    serialized: row.serialized ?? null,
    attachments,
  };
}

/** What every reader of a span wants from its columns, payloads aside. */
export function spanFacts(row: Pick<SpanTable, Exclude<(typeof TRACE_COLUMNS)[number], "project_id" | "thread_id">>) {
  return {
    id: row.id,
    traceId: row.trace_id,
    parentId: row.parent_id,
    name: row.name,
    kind: row.kind === "" ? "chain" : row.kind,
    startAt: fromMicros(row.start_at),
    endAt: fromMicrosOrNull(row.end_at),
    dottedOrder: row.dotted_order,
    status: row.status as SpanStatus,
    error: row.error,
    tags: parseJson(row.tags_json) as string[],
    metadata: parseObject(row.metadata_json),
    model: row.model,
    usage: usageOf(row),
  };
}

function usageOf(row: Pick<SpanTable, "prompt_tokens" | "completion_tokens" | "total_tokens" | "cost">): TokenUsage {
  const usage: TokenUsage = {};
  if (row.prompt_tokens !== null) usage.promptTokens = row.prompt_tokens;
  if (row.completion_tokens !== null) usage.completionTokens = row.completion_tokens;
  if (row.total_tokens !== null) usage.totalTokens = row.total_tokens;
  if (row.cost !== null) usage.cost = row.cost;
  return usage;
}

function encodeCursor(row: { start_at: number; id: string }): string {
  return Buffer.from(`${row.start_at}:${row.id}`).toString("base64url");
}

function decodeCursor(cursor: string): { startAt: number; id: string } {
  const [startAt, id] = Buffer.from(cursor, "base64url").toString().split(":");
  if (!startAt || !/^\d+$/.test(startAt) || id === undefined) {
    throw new LoopsmithError("invalid", "the cursor is not one this server gave out", {
      hint: "Pass the cursor of the previous page unchanged, or leave it out to start over.",
      details: { field: "cursor" },
    });
  }
  return { startAt: Number(startAt), id };
}
