import type { Hono } from "hono";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { OnlineEvaluatorRow } from "../../store/resource/online-evaluator.ts";
import { TENANT_ID } from "../../wire/langsmith/tenant.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { jsonObject, uuid } from "./field.ts";

const Definition = {
  code_evaluator: jsonObject.nullish(),
  llm_evaluator: jsonObject.nullish(),
  metadata: jsonObject.nullish(),
};
const CreateBody = z.looseObject({
  name: z.string().min(1),
  type: z.enum(["code", "llm", "decision_model"]),
  ...Definition,
});
const UpdateBody = z.looseObject({ name: z.string().min(1).nullish(), ...Definition });
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
const DeleteQuery = z.object({ ids: z.array(uuid).optional(), evaluator_ids: z.array(uuid).optional() });

/**
 * Definitions of online evaluators: kept and given back. As in LangSmith a definition alone runs nothing; what would
 * attach it to a project, run rules, is answered with 501, since here loops do that.
 */
export function onlineEvaluatorRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;
  const path = "/platform/evaluators";

  app.post(path, async (c) => {
    const { name, ...body } = await readJson(c, context, CreateBody);
    const evaluator = await store.onlineEvaluatorCreate({ name, body: body as JsonObject });
    return c.json({ evaluator: evaluatorJson(evaluator) }, 201);
  });

  app.get(path, async (c) => {
    const evaluators = await store.onlineEvaluatorList(readQuery(c, ListQuery));
    return c.json({ evaluators: evaluators.map(evaluatorJson), total: evaluators.length });
  });

  app.get(`${path}/:id`, async (c) => {
    const evaluator = await store.onlineEvaluatorGet({ id: c.req.param("id") });
    if (!evaluator) throw notFound(c.req.param("id"));
    return c.json(evaluatorJson(evaluator));
  });

  app.patch(`${path}/:id`, async (c) => {
    const { name, ...changes } = await readJson(c, context, UpdateBody);
    const id = c.req.param("id");
    const known = await store.onlineEvaluatorGet({ id });
    if (!known) throw notFound(id);
    const updated = await store.onlineEvaluatorUpdate({
      id,
      ...(name ? { name } : {}),
      body: { ...known.body, ...(changes as JsonObject) },
    });
    return c.json({ evaluator: evaluatorJson(updated ?? known) });
  });

  app.delete(`${path}/:id`, async (c) => {
    if (!(await store.onlineEvaluatorDelete({ id: c.req.param("id") }))) throw notFound(c.req.param("id"));
    return c.body(null, 204);
  });

  app.delete(path, async (c) => {
    const query = readQuery(c, DeleteQuery);
    const succeeded: string[] = [];
    const failed: { id: string; error: string }[] = [];
    for (const id of query.ids ?? query.evaluator_ids ?? []) {
      if (await store.onlineEvaluatorDelete({ id })) succeeded.push(id);
      else failed.push({ id, error: "not found" });
    }
    return c.json({ succeeded, failed });
  });
}

function evaluatorJson({ id, name, body, createdAt, updatedAt }: OnlineEvaluatorRow): Record<string, unknown> {
  return {
    ...body,
    id,
    name,
    tenant_id: TENANT_ID,
    run_rules: [],
    feedback_keys: [],
    is_managed: false,
    created_at: toIsoTime(createdAt),
    updated_at: toIsoTime(updatedAt),
  };
}

function notFound(id: string): LoopsmithError {
  return new LoopsmithError("not_found", `there is no evaluator ${id}`, {
    hint: "List them with GET /platform/evaluators.",
  });
}
