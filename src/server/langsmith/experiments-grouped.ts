import type { Context, Hono } from "hono";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import type { Json } from "../../model/json.ts";
import type { Example } from "../../model/dataset.ts";
import { sessionJson } from "../../wire/langsmith/session.ts";
import { payloadsOfV1, runV1Text } from "../../wire/langsmith/run-v1.ts";
import { runStatsJson } from "../../wire/langsmith/run-stats.ts";
import type { RunSource } from "../../wire/langsmith/run-extras.ts";
import { jsonText } from "../json-text.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needDataset } from "./datasets-lookup.ts";
import { filters, filtersOf, PREVIEW_FIELDS, runsOf, withRuns } from "./experiment-runs.ts";
import { uuid } from "./field.ts";

const Body = z.looseObject({
  session_ids: z.array(uuid).min(1),
  group_by: z.enum(["run_metadata", "example_metadata"]),
  metadata_key: z.string().min(1),
  per_group_limit: z.number().int().min(1).max(10).default(5),
  preview: z.boolean().default(false),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(100).default(10),
  filters,
});

/** Examples read at a time while they are grouped. */
const PAGE = 500;

/** Values a group may have. */
type GroupKey = string | number;

interface Group {
  key: GroupKey;
  runs: RunSource[];
}

/** Examples with what experiments made of them, in groups that share a value in their metadata. */
export function experimentGroupRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/datasets/:id/group/runs", async (c) => {
    const body = await readJson(c, context, Body);
    const { id: datasetId } = await needDataset(context, c.req.param("id"));
    const examples = new Map<string, Example>();
    const groups = new Map<string, Group>();
    for (let offset = 0; ; offset += PAGE) {
      const page = await store.experimentExampleList({
        datasetId,
        projectIds: body.session_ids,
        ...filtersOf(body.filters),
        limit: PAGE,
        offset,
      });
      for (const example of page) examples.set(example.id, example);
      for (const run of await runsOf(c, context, page, body.session_ids, [])) {
        const { metadata, referenceExampleId } = run.span;
        const example = examples.get(referenceExampleId ?? "");
        const key = keyOf((body.group_by === "run_metadata" ? metadata : example?.metadata)?.[body.metadata_key]);
        if (key === null) continue;
        const group = groups.get(String(key));
        if (group) group.runs.push(run);
        else groups.set(String(key), { key, runs: [run] });
      }
      if (page.length < PAGE) break;
    }
    const sorted = [...groups.values()].toSorted((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
    const shown = sorted.slice(body.offset, body.offset + body.limit);
    const texts = await Promise.all(shown.map((group) => groupText(c, context, { group, examples, body })));
    return jsonText(`{"groups":[${texts.join(",")}]}`);
  });
}

function keyOf(value: Json | undefined): GroupKey | null {
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" || typeof value === "number" ? value : null;
}

async function groupText(
  c: Context,
  context: ServerContext,
  { group, examples, body }: { group: Group; examples: ReadonlyMap<string, Example>; body: z.infer<typeof Body> },
): Promise<string> {
  const { key, runs } = group;
  const filter = `and(eq(is_root, true), and(eq(metadata_key, ${JSON.stringify(body.metadata_key)}), eq(metadata_value, ${JSON.stringify(key)})))`;
  // A group shows examples that every one of the experiments in it has run on.
  const sessionIds = body.session_ids.filter((id) => runs.some((run) => run.span.projectId === id));
  const shared = [...examples.values()].filter(({ id }) =>
    sessionIds.every((sessionId) =>
      runs.some(({ span }) => span.projectId === sessionId && span.referenceExampleId === id),
    ),
  );
  const sessions = await Promise.all(
    sessionIds.map(async (id) => {
      const project = await context.store.projectGet({ id });
      const own = runs.filter((run) => run.span.projectId === id);
      return {
        ...(project ? sessionJson(project) : { id }),
        filter,
        ...(await statsOf(context, own)),
        example_count: shared.length,
      };
    }),
  );
  const head = JSON.stringify({
    group_key: key,
    filter,
    count: runs.length,
    ...(await statsOf(context, runs)),
    example_count: shared.length,
    sessions,
  });
  const page = shared.slice(0, body.per_group_limit);
  const select = body.preview ? PREVIEW_FIELDS : undefined;
  const ids = new Set(runs.map((run) => run.span.id));
  const whole = await runsOf(c, context, page, sessionIds, payloadsOfV1(select));
  const own = whole.filter((run) => ids.has(run.span.id));
  const texts = await withRuns(c, context, page, own, (run) => runV1Text(run, select));
  return `${head.slice(0, -1)},"examples":[${texts.join(",")}]}`;
}

async function statsOf({ store }: ServerContext, runs: readonly RunSource[]): Promise<Record<string, unknown>> {
  const ids = runs.map((run) => run.span.id);
  const [totals, feedback] = await Promise.all([store.spanStats({ ids }), store.spanFeedbackStats({ ids })]);
  const starts = runs.map((run) => run.span.startAt).toSorted((a, b) => a - b);
  return {
    ...runStatsJson(totals, feedback),
    min_start_time: toIsoTime(starts[0] ?? 0),
    max_start_time: toIsoTime(starts.at(-1) ?? 0),
  };
}
