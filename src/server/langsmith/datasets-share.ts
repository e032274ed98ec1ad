import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { Dataset } from "../../model/dataset.ts";
import { datasetJson } from "../../wire/langsmith/dataset.ts";
import { PREBUILT_SCHEMAS } from "../../wire/langsmith/prebuilt-schemas.ts";
import { readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needDataset } from "./datasets-lookup.ts";
import { listExamples, selectionOf } from "./examples-read.ts";
import { flag, uuid } from "./field.ts";

const ShareQuery = z.object({ share_projects: flag.default(false) });
const CountQuery = z.object({ id: z.array(uuid).optional(), filter: z.string().optional() });

/** Sharing a dataset by a token, and what whoever holds the token can read without an API key. */
export function datasetShareRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.get("/public/schemas/v1/:file", (c) => {
    const schema = PREBUILT_SCHEMAS.get(c.req.param("file"));
    if (schema) return c.json(schema);
    throw new LoopsmithError("not_found", `there is no prebuilt schema ${c.req.param("file").slice(0, 100)}`, {
      hint: `There are ${[...PREBUILT_SCHEMAS.keys()].join(" and ")}.`,
    });
  });

  app.get("/datasets/:id/share", async (c) => {
    const dataset = await needDataset(context, c.req.param("id"));
    return c.json(dataset.shareToken === null ? null : shareJson(dataset));
  });

  app.put("/datasets/:id/share", async (c) => {
    const query = readQuery(c, ShareQuery);
    const dataset = await needDataset(context, c.req.param("id"));
    // Sharing again keeps the links that are out there.
    const shared = await store.datasetUpdate({
      id: dataset.id,
      shareToken: dataset.shareToken ?? randomUUID(),
      shareProjects: query.share_projects,
    });
    return c.json(shareJson(shared ?? dataset));
  });

  app.delete("/datasets/:id/share", async (c) => {
    const { id } = await needDataset(context, c.req.param("id"));
    await store.datasetUpdate({ id, shareToken: null, shareProjects: false });
    return c.json({ message: "no longer shared" });
  });

  app.get("/public/:token/datasets", async (c) => c.json(datasetJson(await needShared(context, c.req.param("token")))));

  app.get("/public/:token/examples", async (c) => {
    const { id } = await needShared(context, c.req.param("token"));
    return listExamples(c, context, id);
  });

  app.get("/public/:token/examples/count", async (c) => {
    const query = readQuery(c, CountQuery);
    const { id } = await needShared(context, c.req.param("token"));
    return c.json(await store.exampleCount(await selectionOf(context, { ...query, dataset: id })));
  });
}

/**
 * The dataset a share token stands for.
 * @throws LoopsmithError `not_found`
 */
export async function needShared({ store }: ServerContext, token: string): Promise<Dataset> {
  const dataset = await store.datasetGet({ shareToken: token });
  if (dataset) return dataset;
  throw new LoopsmithError("not_found", "nothing is shared under this token", {
    hint: "Ask whoever shared the dataset for a new link.",
  });
}

function shareJson(dataset: Dataset): { dataset_id: string; share_token: string | null } {
  return { dataset_id: dataset.id, share_token: dataset.shareToken };
}
