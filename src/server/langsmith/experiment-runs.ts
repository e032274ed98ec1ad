import type { Context } from "hono";
import { z } from "zod";
import type { Example } from "../../model/dataset.ts";
import type { StoredFeedback } from "../../model/stored-feedback.ts";
import type { StoredSpan } from "../../model/stored-span.ts";
import type { SpanPayload } from "../../store/resource/span.ts";
import type { FilterExpression } from "../../wire/filter-ast.ts";
import { parseFilter } from "../../wire/filter.ts";
import { exampleJson } from "../../wire/langsmith/example.ts";
import type { RunSource } from "../../wire/langsmith/run-extras.ts";
import { V1_FIELDS } from "../../wire/langsmith/run-v1.ts";
import type { ServerContext } from "../server-context.ts";
import { exampleContext } from "./examples-read.ts";
import { uuid } from "./field.ts";
import { runSources } from "./run-sources.ts";

/** Runs or feedback read at a time. */
const PAGE = 1000;

/** Filters on the runs of each experiment, by its id. */
export const filters = z.record(uuid, z.array(z.string())).nullish();

/** @throws LoopsmithError `invalid` for a filter that is none */
export function filtersOf(given: z.infer<typeof filters>): { filters?: Map<string, FilterExpression[]> } {
  const expressions = Object.entries(given ?? {}).map(([projectId, texts]): [string, FilterExpression[]] => [
    projectId,
    texts.map((text) => parseFilter(text, `filters.${projectId}`)),
  ]);
  return expressions.length > 0 ? { filters: new Map(expressions) } : {};
}

/** Previews take the place of whole inputs and outputs. */
export const PREVIEW_FIELDS: ReadonlySet<string> = new Set(
  V1_FIELDS.filter((name) => !["inputs", "outputs", "extra", "events", "serialized"].includes(name)),
);

/** The experiments' root runs on these examples, oldest first. */
export async function runsOf(
  c: Context,
  context: ServerContext,
  examples: readonly Example[],
  projectIds: string[],
  payloads: SpanPayload[],
): Promise<RunSource[]> {
  const rows: StoredSpan[] = [];
  let cursor: string | undefined;
  while (examples.length > 0) {
    const found = await context.store.spanQuery({
      projectIds,
      referenceExampleIds: examples.map((example) => example.id),
      isRoot: true,
      order: "asc",
      limit: PAGE,
      payloads,
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows.push(...found.rows);
    if (found.nextCursor === null) break;
    cursor = found.nextCursor;
  }
  return runSources(context, rows, { origin: new URL(c.req.url).origin, withFeedback: true });
}

/** Feedback by run; what was given in a comparison only where that comparison is looked at. */
export async function feedbackOf(
  { store }: ServerContext,
  runs: readonly RunSource[],
  comparativeId: string | null,
): Promise<Map<string, StoredFeedback[]>> {
  const byRun = new Map<string, StoredFeedback[]>();
  for (let at = 0; at < runs.length; at += PAGE) {
    const runIds = runs.slice(at, at + PAGE).map((run) => run.span.id);
    for (let offset = 0; ; offset += PAGE) {
      const rows = await store.feedbackList({ runIds, limit: PAGE, offset });
      for (const row of rows) {
        if (row.runId === null) continue;
        if (row.comparativeExperimentId !== null && row.comparativeExperimentId !== comparativeId) continue;
        byRun.set(row.runId, [...(byRun.get(row.runId) ?? []), row]);
      }
      if (rows.length < PAGE) break;
    }
  }
  return byRun;
}

/** Examples as the API writes them, each with its runs. */
export async function withRuns(
  c: Context,
  context: ServerContext,
  examples: readonly Example[],
  runs: readonly RunSource[],
  write: (run: RunSource) => string,
): Promise<string[]> {
  const byExample = new Map<string, string[]>();
  for (const run of runs) {
    const id = run.span.referenceExampleId ?? "";
    const texts = byExample.get(id);
    if (texts) texts.push(write(run));
    else byExample.set(id, [write(run)]);
  }
  const writing = await exampleContext(c, context, examples);
  return examples.map((example) => {
    const text = JSON.stringify(exampleJson(example, writing(example)));
    return `${text.slice(0, -1)},"runs":[${(byExample.get(example.id) ?? []).join(",")}]}`;
  });
}
