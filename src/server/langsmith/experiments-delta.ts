import type { Hono } from "hono";
import { z } from "zod";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needDataset } from "./datasets-lookup.ts";
import { feedbackOf, filters, filtersOf, runsOf } from "./experiment-runs.ts";
import { uuid } from "./field.ts";

const Body = z.looseObject({
  baseline_session_id: uuid,
  comparison_session_ids: z.array(uuid).min(1),
  feedback_key: z.string().min(1),
  filters,
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(100).default(100),
  comparative_experiment_id: uuid.nullish(),
});

/** Which examples other experiments do better or worse on than a baseline. */
export function experimentDeltaRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets/:id/runs/delta", async (c) => {
    const body = await readJson(c, context, Body);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const projectIds = [body.baseline_session_id, ...body.comparison_session_ids];
    const examples = await store.experimentExampleList({
      datasetId,
      projectIds,
      ...filtersOf(body.filters),
      limit: body.limit,
      offset: body.offset,
    });
    const runs = await runsOf(c, context, examples, projectIds, []);
    const feedback = await feedbackOf(context, runs, body.comparative_experiment_id ?? null);
    const means = new Map<string, Mean>();
    for (const { span } of runs) {
      for (const { key, score } of feedback.get(span.id) ?? []) {
        if (key !== body.feedback_key || score === null) continue;
        const at = placeOf(span.projectId, span.referenceExampleId ?? "");
        const mean = means.get(at) ?? { sum: 0, count: 0 };
        means.set(at, { sum: mean.sum + score, count: mean.count + 1 });
      }
    }
    const [config] = await store.feedbackConfigList({ keys: [body.feedback_key], limit: 1, offset: 0 });
    const direction = config?.lowerIsBetter ? -1 : 1;
    const deltas = body.comparison_session_ids.map((projectId) => {
      const moved = (sign: number): string[] =>
        examples.flatMap(({ id }) => {
          const before = meanOf(means.get(placeOf(body.baseline_session_id, id)));
          const after = meanOf(means.get(placeOf(projectId, id)));
          // Without a score on both sides nothing can be said.
          if (before === null || after === null) return [];
          return Math.sign(after - before) * direction === sign ? [id] : [];
        });
      return [projectId, { improved_examples: moved(1), regressed_examples: moved(-1) }] as const;
    });
    return c.json({ feedback_deltas: Object.fromEntries(deltas) });
  });
}

interface Mean {
  sum: number;
  count: number;
}

const placeOf = (projectId: string, exampleId: string): string => `${projectId} ${exampleId}`;
const meanOf = (mean: Mean | undefined): number | null => (mean ? mean.sum / mean.count : null);
