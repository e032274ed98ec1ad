import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import { versionJson } from "../../wire/langsmith/dataset.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { asOfTime, needDataset } from "./datasets-lookup.ts";
import { page, time, uuid } from "./field.ts";

const ListQuery = z.object({ ...page, search: z.string().optional(), example: uuid.optional() });
const OneQuery = z.object({ as_of: time.optional(), tag: z.string().optional() });
const DiffQuery = z.object({ from_version: z.string(), to_version: z.string() });
const TagBody = z.looseObject({ as_of: z.string(), tag: z.string().min(1) });
const SplitsQuery = z.object({ as_of: z.string().optional() });
const SplitsBody = z.looseObject({
  split_name: z.string().min(1),
  examples: z.array(uuid),
  remove: z.boolean().default(false),
});

/** Where the splits of an example that is in none begin. */
const BASE_SPLIT = "base";

/** Versions of a dataset, their tags and differences, and its splits. */
export function datasetVersionRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/datasets/:id/versions", async (c) => {
    const { limit, offset, search, example } = readQuery(c, ListQuery);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const versions = await store.datasetVersionList({
      datasetId,
      ...(example && { exampleId: example }),
      limit,
      offset,
    });
    const found = search ? versions.filter(({ tags }) => tags.some((tag) => tag.includes(search))) : versions;
    return c.json(found.map(versionJson));
  });

  app.get("/datasets/:id/versions/diff", async (c) => {
    const query = readQuery(c, DiffQuery);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const from = await asOfTime(context, datasetId, query.from_version);
    const to = await asOfTime(context, datasetId, query.to_version);
    const newest = await store.datasetVersionGet({ datasetId });
    const now = newest?.asOf ?? 0;
    const diff = await store.datasetVersionDiff({ datasetId, from: from ?? now, to: to ?? now });
    return c.json({
      examples_added: diff.added,
      examples_modified: diff.modified,
      examples_removed: diff.removed,
    });
  });

  app.get("/datasets/:id/version", async (c) => {
    const { as_of: asOf, tag } = readQuery(c, OneQuery);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const version = await store.datasetVersionGet({ datasetId, ...(asOf && { asOf }), ...(tag && { tag }) });
    if (!version) throw versionNotFound(tag ?? "");
    return c.json(versionJson(version));
  });

  app.put("/datasets/:id/tags", async (c) => {
    const { tag, ...body } = await readJson(c, context, TagBody);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    if (tag === "latest") {
      throw new LoopsmithError("invalid", 'tag: "latest" always stands on the newest version', {
        hint: "Choose another name.",
        details: { field: "tag" },
      });
    }
    const asOf = await asOfTime(context, datasetId, body.as_of);
    const version = await store.datasetVersionTag({ datasetId, asOf: asOf ?? context.now(), tag });
    if (!version) throw versionNotFound(body.as_of);
    return c.json(versionJson(version));
  });

  app.get("/datasets/:id/splits", async (c) => {
    const { as_of: text } = readQuery(c, SplitsQuery);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const asOf = await asOfTime(context, datasetId, text);
    return c.json(await store.exampleSplits({ datasetId, ...(asOf === undefined ? {} : { asOf }) }));
  });

  app.put("/datasets/:id/splits", async (c) => {
    const body = await readJson(c, context, SplitsBody);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const { ids } = await store.exampleRevise({
      datasetId,
      ids: body.examples,
      revise: ({ splits }) => ({
        splits: body.remove ? without(splits, [body.split_name]) : withAll(splits, [body.split_name]),
      }),
    });
    return c.json(ids);
  });
}

/** Splits after adding some. */
export function withAll(splits: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...splits, ...added])];
}

/** Splits after removing some; an example is always in one. */
export function without(splits: readonly string[], removed: readonly string[]): string[] {
  const left = splits.filter((split) => !removed.includes(split));
  return left.length > 0 ? left : [BASE_SPLIT];
}

function versionNotFound(which: string): LoopsmithError {
  return new LoopsmithError("not_found", `the dataset has no version ${which.slice(0, 100)}`.trimEnd(), {
    hint: "List its versions with GET /datasets/{id}/versions.",
  });
}
