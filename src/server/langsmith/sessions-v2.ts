import type { Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { Project } from "../../model/project.ts";
import { readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { jsonParam } from "./datasets-lookup.ts";
import { flag, uuid } from "./field.ts";
import { offsetOf } from "./offset-cursor.ts";
import { withStats } from "./sessions.ts";

const ListQuery = z.looseObject({
  id: z.array(uuid).optional(),
  name: z.string().optional(),
  name_contains: z.string().optional(),
  reference_dataset_id: z.array(uuid).optional(),
  metadata: jsonParam.optional(),
  type: z.array(z.enum(["PROJECT", "AGENT", "EXPERIMENT"])).optional(),
  include_stats: flag.default(false),
  sort_by: z.string().optional(),
  sort_order: z.enum(["asc", "desc"]).default("desc"),
  page_size: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().optional(),
});
type ListQuery = z.infer<typeof ListQuery>;

/** Parameters that would change which projects come, and are not known here. */
const UNKNOWN = ["filter", "dataset_version", "tag_value_id", "stats_filter", "stats_start_time"];

/** Projects read at a time while all of them are sorted. */
const PAGE = 1000;

/** Tracing projects and experiments by LangSmith's second API generation. */
export function sessionsV2Routes(app: Hono, context: ServerContext): void {
  app.get("/v2/sessions", async (c) => {
    const query = readQuery(c, ListQuery);
    for (const field of UNKNOWN) if (query[field] !== undefined) throw unsupported(field, "Use the other parameters.");
    const offset = offsetOf(query.cursor);
    const limit = query.page_size + 1;
    const found = query.sort_by
      ? (await sorted(context, query, query.sort_by)).slice(offset, offset + limit)
      : await select(context, query, limit, offset);
    const page = await withStats(context, found.slice(0, query.page_size), query.include_stats);
    const items = page.map((session) => ({
      ...session,
      type: session["reference_dataset_id"] === null ? "PROJECT" : "EXPERIMENT",
      trace_tier: "LONG_LIVED",
    }));
    const next = found.length > query.page_size ? String(offset + query.page_size) : null;
    return c.json({ items, next_cursor: next });
  });
}

function select({ store }: ServerContext, query: ListQuery, limit: number, offset: number): Promise<Project[]> {
  const types = new Set(query.type);
  // Agents with projects of their own are a product of LangSmith's.
  if (types.size > 0 && !types.has("PROJECT") && !types.has("EXPERIMENT")) return Promise.resolve([]);
  const oneKind = types.has("PROJECT") !== types.has("EXPERIMENT");
  return store.projectList({
    ...(query.id ? { ids: query.id } : {}),
    ...(query.name === undefined ? {} : { name: query.name }),
    ...(query.name_contains === undefined ? {} : { nameContains: query.name_contains }),
    ...(query.reference_dataset_id ? { referenceDatasetIds: query.reference_dataset_id } : {}),
    ...(query.metadata === undefined ? {} : { metadata: query.metadata }),
    ...(oneKind ? { referenceFree: types.has("PROJECT") } : {}),
    limit,
    offset,
  });
}

async function sorted(context: ServerContext, query: ListQuery, by: string): Promise<Project[]> {
  if (by !== "NAME" && by !== "START_TIME") throw unsupported("sort_by", "Sort by NAME or START_TIME.");
  const projects: Project[] = [];
  for (;;) {
    const page = await select(context, query, PAGE, projects.length);
    projects.push(...page);
    if (page.length < PAGE) break;
  }
  const value = (project: Project): string | number => (by === "NAME" ? project.name : project.startAt);
  const sign = query.sort_order === "asc" ? 1 : -1;
  return projects.toSorted((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0));
}

function unsupported(field: string, hint: string): LoopsmithError {
  return new LoopsmithError("not_implemented", `${field}: is not supported when listing projects`, {
    hint,
    details: { field },
  });
}
