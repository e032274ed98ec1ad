import type { Context, Hono } from "hono";
import { z } from "zod";
import { nextTurn } from "../../internal/next-turn.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { Example } from "../../model/dataset.ts";
import type { ExampleOrder, ExampleSelection } from "../../store/resource/dataset.ts";
import { parseExampleFilter } from "../../wire/filter.ts";
import { exampleFields, exampleJson, type ExampleContext } from "../../wire/langsmith/example.ts";
import { attachmentUrls } from "../attachment-url.ts";
import { jsonText } from "../json-text.ts";
import { largeJson } from "../json-text.ts";
import { readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { asOfTime, jsonParam } from "./datasets-lookup.ts";
import { flag, page, uuid } from "./field.ts";

const selection = {
  dataset: uuid.optional(),
  id: z.array(uuid).optional(),
  as_of: z.string().optional(),
  metadata: jsonParam.optional(),
  full_text_contains: z.array(z.string()).optional(),
  splits: z.array(z.string()).optional(),
  filter: z.string().optional(),
};

const ORDERS = {
  recent: "recent",
  recently_created: "newest",
  random: "random",
  id: "id",
} as const satisfies Record<string, ExampleOrder>;

const ListQuery = z.object({
  ...selection,
  ...page,
  order: z.enum(Object.keys(ORDERS) as (keyof typeof ORDERS)[]).default("recently_created"),
  random_seed: z.coerce.number().default(0),
  descending: flag.optional(),
  select: z.array(z.string()).optional(),
  exclude_default_fields: flag.default(false),
});
/** Text written before others get their turn. */
const REST_AFTER_LENGTH = 1_000_000;

const CountQuery = z.object(selection);
const OneQuery = z.object({ as_of: z.string().optional(), dataset: uuid.optional() });

/** Reading examples, of one dataset or by id. */
export function exampleReadRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/examples", (c) => listExamples(c, context));

  app.get("/examples/count", async (c) => {
    const query = readQuery(c, CountQuery);
    return c.json(await store.exampleCount(await selectionOf(context, query)));
  });

  app.get("/examples/:id", async (c) => {
    const query = readQuery(c, OneQuery);
    const id = c.req.param("id").toLowerCase();
    // A tag can only be looked up once the dataset is known.
    const current = query.as_of && !query.dataset ? await store.exampleGet({ id }) : null;
    const asOf = await asOfTime(context, query.dataset ?? current?.datasetId, query.as_of);
    const example = await store.exampleGet({ id, ...(asOf === undefined ? {} : { asOf }) });
    if (!example || (query.dataset && example.datasetId !== query.dataset)) throw exampleNotFound(id);
    const writing = await exampleContext(c, context, [example]);
    return largeJson(exampleJson(example, writing(example)));
  });
}

/** The list of `GET /examples`, of one dataset only where `datasetId` is given. */
export async function listExamples(c: Context, context: ServerContext, datasetId?: string): Promise<Response> {
  const query = readQuery(c, ListQuery);
  const order = ORDERS[query.order];
  const examples = await context.store.exampleList({
    ...(await selectionOf(context, { ...query, ...(datasetId === undefined ? {} : { dataset: datasetId }) })),
    order: order === "newest" && query.descending === false ? "oldest" : order,
    seed: query.random_seed,
    limit: query.limit,
    offset: query.offset,
  });
  return examplesResponse(c, context, [examples], exampleFields(query.select, query.exclude_default_fields));
}

/** Pages of examples as one list. Rests between pieces, since examples may be as large as they like. */
export async function examplesResponse(
  c: Context,
  context: ServerContext,
  pages: Iterable<Example[]> | AsyncIterable<Example[]>,
  fields?: ReadonlySet<string>,
): Promise<Response> {
  const texts: string[] = [];
  let length = 0;
  for await (const page of pages) {
    const writing = await exampleContext(c, context, page);
    for (const example of page) {
      const text = JSON.stringify(exampleJson(example, writing(example), fields));
      texts.push(text);
      length += text.length;
      if (length < REST_AFTER_LENGTH) continue;
      length = 0;
      await nextTurn();
    }
  }
  return jsonText(`[${texts.join(",")}]`);
}

/** What `GET /examples` and its count select by. */
export async function selectionOf(
  context: ServerContext,
  query: z.infer<typeof CountQuery>,
): Promise<ExampleSelection> {
  if (!query.dataset && !query.id) {
    throw new LoopsmithError("invalid", "dataset: send a dataset or the ids of examples", {
      hint: "Add dataset={id} or id={example id} to the query.",
      details: { field: "dataset" },
    });
  }
  const asOf = await asOfTime(context, query.dataset, query.as_of);
  return {
    ...(query.dataset ? { datasetId: query.dataset } : {}),
    ...(query.id ? { ids: query.id } : {}),
    ...(query.splits ? { splits: query.splits } : {}),
    ...(query.metadata ? { metadata: query.metadata } : {}),
    ...(query.full_text_contains ? { textContains: query.full_text_contains } : {}),
    ...(query.filter ? { filter: parseExampleFilter(query.filter, "filter") } : {}),
    ...(asOf === undefined ? {} : { asOf }),
  };
}

/** What writing these examples needs beside them. */
export async function exampleContext(
  c: Context,
  context: ServerContext,
  examples: readonly Pick<Example, "datasetId" | "attachments">[],
): Promise<(example: Pick<Example, "datasetId">) => ExampleContext> {
  const ids = [...new Set(examples.map((example) => example.datasetId))];
  const datasets = ids.length === 0 ? [] : await context.store.datasetList({ ids, limit: ids.length, offset: 0 });
  const names = new Map(datasets.map((dataset) => [dataset.id, dataset.name]));
  const hasAttachments = examples.some((example) => example.attachments.length > 0);
  const attachmentUrl = hasAttachments ? await attachmentUrls(context, new URL(c.req.url).origin) : (): string => "";
  return (example) => ({ datasetName: names.get(example.datasetId) ?? "", attachmentUrl });
}

export function exampleNotFound(id: string): LoopsmithError {
  return new LoopsmithError("not_found", `Example not found: ${id}`, {
    hint: "It may have been deleted; list the examples with GET /examples?dataset={id}.",
  });
}
