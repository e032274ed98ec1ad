import type { JsonObject } from "../../model/json.ts";
import type { Example } from "../../model/dataset.ts";
import { hashShare } from "../../internal/hash-share.ts";
import type { DatasetStore, ExampleOrder, ExampleSelection } from "../resource/dataset.ts";
import { chunksOf, fromMicros, parseObject } from "./columns.ts";
import { holds } from "./dataset.ts";
import type { Database } from "./database.ts";
import { matchesExample, readsPayload } from "./example-filter.ts";
import { attachmentsOf, splitsOf, toExamplePaused, toExamples, validAt } from "./example-row.ts";

type ReadMethods = Pick<
  DatasetStore,
  "exampleGet" | "exampleList" | "exampleCount" | "exampleSplits" | "exampleAttachmentGet"
>;

/** Ids in one statement; both databases cap bound parameters. */
const ID_CHUNK = 500;

export function exampleReadStore(db: Database): ReadMethods {
  return {
    async exampleGet({ id, asOf }) {
      const row = await validAt(db.read.selectFrom("example").selectAll(), asOf)
        .where("id", "=", id)
        .executeTakeFirst();
      return row ? toExamplePaused(row) : null;
    },

    async exampleList({ limit, offset, order = "newest", seed = 0, ...selection }) {
      const isPlain = order !== "random" && !needsScan(selection);
      if (isPlain) {
        const rows = await ordered(selected(db, selection).selectAll(), order).limit(limit).offset(offset).execute();
        return toExamples(rows);
      }
      const ids = await scan(db, selection, order);
      if (order === "random") {
        const rank = new Map(ids.map((id) => [id, hashShare(String(seed), id)]));
        ids.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
      }
      return readInOrder(db, ids.slice(offset, offset + limit), selection.asOf);
    },

    async exampleCount(selection) {
      if (needsScan(selection)) return (await scan(db, selection, "id")).length;
      const row = await selected(db, selection)
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return row.count;
    },

    async exampleSplits({ datasetId, asOf }) {
      const rows = await selected(db, { datasetId, ...(asOf === undefined ? {} : { asOf }) })
        .select("splits_json")
        .distinct()
        .execute();
      return [...new Set(rows.flatMap((row) => splitsOf(row.splits_json)))].sort();
    },

    async exampleAttachmentGet(params) {
      const contentId = "contentId" in params ? params.contentId : await currentContentId(db, params);
      if (contentId === null) return null;
      const content = await db.read
        .selectFrom("example_attachment")
        .select(["mime_type", "bytes"])
        .where("content_id", "=", contentId)
        .executeTakeFirst();
      return content ? { mimeType: content.mime_type, bytes: content.bytes } : null;
    },
  };
}

async function currentContentId(db: Database, params: { exampleId: string; name: string }): Promise<string | null> {
  const row = await db.read
    .selectFrom("example")
    .select("attachments_json")
    .where("id", "=", params.exampleId)
    .orderBy("valid_from", "desc")
    .limit(1)
    .executeTakeFirst();
  const attachments = row ? attachmentsOf(row.attachments_json) : [];
  return attachments.find((candidate) => candidate.name === params.name)?.contentId ?? null;
}

/** The part of a selection that indexes answer. */
function selected(db: Database, { datasetId, ids, asOf }: ExampleSelection) {
  let query = validAt(db.read.selectFrom("example"), asOf);
  if (datasetId !== undefined) query = query.where("dataset_id", "=", datasetId);
  if (ids) query = query.where("id", "in", [...ids]);
  return query;
}

function needsScan({ splits, metadata, textContains, filter }: ExampleSelection): boolean {
  return [splits, metadata, textContains, filter].some((part) => part !== undefined);
}

function ordered<
  Q extends { orderBy(column: "created_at" | "position" | "id" | "valid_from", direction?: "asc" | "desc"): Q },
>(query: Q, order: ExampleOrder): Q {
  if (order === "id" || order === "random") return query.orderBy("id");
  const byAge = order === "recent" ? query.orderBy("valid_from", "desc") : query;
  return byAge
    .orderBy("created_at", order === "oldest" ? "asc" : "desc")
    .orderBy("position")
    .orderBy("id");
}

/** Ids of the matching examples. Reads every example of the dataset, so payloads only where a condition looks at them. */
async function scan(db: Database, selection: ExampleSelection, order: ExampleOrder): Promise<string[]> {
  const { splits, metadata, textContains, filter } = selection;
  const words = textContains?.map((word) => word.toLowerCase());
  const columns = ["id", "splits_json", "metadata_json", "created_at", "valid_from", "source_run_id"] as const;
  const payloads = words || (filter && readsPayload(filter)) ? (["inputs_json", "outputs_json"] as const) : [];
  const rows = await ordered(selected(db, selection).select([...columns, ...payloads]), order).execute();
  const found = rows.filter((row) => {
    if (splits && !splitsOf(row.splits_json).some((split) => splits.includes(split))) return false;
    const known: JsonObject = parseObject(row.metadata_json);
    if (metadata && !holds(known, metadata)) return false;
    const payload = row as { inputs_json?: string; outputs_json?: string | null };
    if (words) {
      const text = `${payload.inputs_json} ${payload.outputs_json ?? ""} ${row.metadata_json}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) return false;
    }
    return (
      !filter ||
      matchesExample(filter, {
        id: row.id,
        metadata: { ...known, dataset_split: splitsOf(row.splits_json) },
        // Parsed only when a condition looks at them.
        get inputs() {
          return parseObject(payload.inputs_json ?? null);
        },
        get outputs() {
          return parseObject(payload.outputs_json ?? null);
        },
        createdAt: fromMicros(row.created_at),
        modifiedAt: fromMicros(row.valid_from),
        sourceRunId: row.source_run_id,
      })
    );
  });
  return found.map((row) => row.id);
}

async function readInOrder(db: Database, ids: readonly string[], asOf: number | undefined): Promise<Example[]> {
  const byId = new Map<string, Example>();
  for (const chunk of chunksOf(ids, ID_CHUNK)) {
    const rows = await validAt(db.read.selectFrom("example").selectAll(), asOf).where("id", "in", chunk).execute();
    for (const example of await toExamples(rows)) byId.set(example.id, example);
  }
  return ids.flatMap((id) => byId.get(id) ?? []);
}
