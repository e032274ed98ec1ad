import type { Hono } from "hono";
import { z } from "zod";
import { canonicalJson } from "../../internal/canonical-json.ts";
import { toIsoTime } from "../../internal/iso-time.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { FeedbackConfigRow } from "../../store/resource/feedback-config.ts";
import { TENANT_ID } from "../../wire/langsmith/tenant.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { page } from "./field.ts";

const Category = z.looseObject({ value: z.number(), label: z.string().nullish() });
const Config = z.looseObject({
  type: z.enum(["continuous", "categorical", "freeform"]),
  min: z.number().nullish(),
  max: z.number().nullish(),
  categories: z.array(Category).nullish(),
});
const CreateBody = z.looseObject({
  feedback_key: z.string().min(1).max(180),
  feedback_config: Config,
  is_lower_score_better: z.boolean().nullish(),
  is_enforced: z.boolean().nullish(),
});
const UpdateBody = z.looseObject({
  feedback_key: z.string().min(1),
  feedback_config: Config.nullish(),
  is_lower_score_better: z.boolean().nullish(),
  add_categories: z.array(Category).nullish(),
  remove_categories: z.array(z.number()).nullish(),
});
const ListQuery = z.object({ key: z.array(z.string()).optional(), name_contains: z.string().optional(), ...page });
const DeleteQuery = z.object({ feedback_key: z.string().optional(), id: z.string().optional() });

/** How feedback keys are meant: their type, range and categories. One config a key. */
export function feedbackConfigRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/feedback-configs", async (c) => {
    const body = await readJson(c, context, CreateBody);
    const config = normalized(body.feedback_config);
    const stored = await store.feedbackConfigEnsure({
      key: body.feedback_key,
      config,
      lowerIsBetter: body.is_lower_score_better ?? false,
      enforced: body.is_enforced ?? false,
    });
    // Which direction is better is no part of it: clients send their default for what they leave alone.
    if (canonicalJson(stored.config) !== canonicalJson(config)) {
      throw new LoopsmithError("invalid", "Feedback config already exists", {
        hint: "Change it with PATCH /feedback-configs, or delete it first.",
        details: { field: "feedback_key" },
      });
    }
    return c.json(feedbackConfigJson(stored));
  });

  app.get("/feedback-configs", async (c) => {
    const query = readQuery(c, ListQuery);
    const configs = await store.feedbackConfigList({
      ...(query.key ? { keys: query.key } : {}),
      ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
      limit: query.limit,
      offset: query.offset,
    });
    return c.json(configs.map(feedbackConfigJson));
  });

  app.patch("/feedback-configs", async (c) => {
    const body = await readJson(c, context, UpdateBody);
    const [known] = await store.feedbackConfigList({ keys: [body.feedback_key], limit: 1, offset: 0 });
    if (!known) throw notFound(body.feedback_key);
    const base = body.feedback_config ? normalized(body.feedback_config) : known.config;
    const updated = await store.feedbackConfigUpdate({
      key: body.feedback_key,
      config: withCategories(base, body.add_categories ?? [], new Set(body.remove_categories)),
      ...(typeof body.is_lower_score_better === "boolean" ? { lowerIsBetter: body.is_lower_score_better } : {}),
    });
    return c.json(feedbackConfigJson(updated ?? known));
  });

  app.delete("/feedback-configs", async (c) => {
    const query = readQuery(c, DeleteQuery);
    const key = query.feedback_key ?? (await keyOfId(context, query.id ?? ""));
    if (key === undefined || !(await store.feedbackConfigDelete({ key }))) throw notFound(key ?? query.id ?? "");
    return c.json({ message: "deleted" });
  });
}

export function feedbackConfigJson(row: FeedbackConfigRow): Record<string, unknown> {
  return {
    id: row.id,
    tenant_id: TENANT_ID,
    feedback_key: row.key,
    feedback_config: row.config,
    modified_at: toIsoTime(row.modifiedAt),
    is_lower_score_better: row.lowerIsBetter,
    is_enforced: row.enforced,
    is_deleted: false,
  };
}

/** Absent and null mean the same; a config is compared and given back with every field. */
function normalized(config: z.infer<typeof Config>): JsonObject {
  const { min, max, categories, ...rest } = config;
  return { ...(rest as JsonObject), min: min ?? null, max: max ?? null, categories: (categories ?? null) as Json };
}

function withCategories(
  config: JsonObject,
  added: z.infer<typeof Category>[],
  removed: ReadonlySet<number>,
): JsonObject {
  if (added.length === 0 && removed.size === 0) return config;
  const known = (config["categories"] ?? []) as z.infer<typeof Category>[];
  const replaced = new Set([...removed, ...added.map((category) => category.value)]);
  const kept = known.filter((category) => !replaced.has(category.value));
  return { ...config, categories: [...kept, ...added] as Json };
}

async function keyOfId({ store }: ServerContext, id: string): Promise<string | undefined> {
  const configs = await store.feedbackConfigList({ limit: 10_000, offset: 0 });
  return configs.find((config) => config.id === id)?.key;
}

function notFound(key: string): LoopsmithError {
  return new LoopsmithError("not_found", `there is no feedback config for ${key}`, {
    hint: "List them with GET /feedback-configs.",
  });
}
