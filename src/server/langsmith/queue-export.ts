import type { Hono } from "hono";
import { z } from "zod";
import type { StoredSpan } from "../../model/stored-span.ts";
import { toIsoTime } from "../../internal/iso-time.ts";
import { spreadsheetLine } from "../../wire/csv.ts";
import { queueJson } from "../../wire/langsmith/queue.ts";
import { readJson } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { needQueue } from "./annotation-queues.ts";
import { time, uuid } from "./field.ts";

const ExportBody = z.looseObject({ start_time: time.nullish(), end_time: time.nullish() });
const PopulateBody = z.looseObject({ queue_id: uuid, session_ids: z.array(uuid).min(1) });

/** Items or runs handled at a time. */
const PAGE = 200;
const COLUMNS = [
  "item_id",
  "run_id",
  "name",
  "status",
  "added_at",
  "inputs",
  "outputs",
  "error",
  "feedback",
  "metadata",
];

/** Queues as a whole: out as CSV, in from projects, and by run. */
export function queueExportRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/annotation-queues/:id/export", async (c) => {
    const queue = await needQueue(context, c.req.param("id"));
    const { start_time: from, end_time: to } = await readJson(c, context, ExportBody);
    const lines = [COLUMNS.join(",")];
    for (let offset = 0; ; offset += PAGE) {
      const items = await store.queueItemList({ queueId: queue.id, limit: PAGE, offset });
      const runIds = items.map((item) => item.runId);
      const [{ rows }, stats] = await Promise.all([
        store.spanQuery({ ids: runIds, order: "asc", limit: PAGE, payloads: ["inputs", "outputs"] }),
        store.feedbackStats({ runIds }),
      ]);
      const runs = new Map(rows.map((row) => [row.id, row]));
      for (const item of items) {
        if ((from && item.addedAt < from) || (to && item.addedAt > to)) continue;
        const run = runs.get(item.runId);
        const cells = [
          item.id,
          item.runId,
          run?.name ?? "",
          item.status,
          toIsoTime(item.addedAt),
          payload(run, "inputs"),
          payload(run, "outputs"),
          run?.error ?? "",
          JSON.stringify(stats.get(item.runId) ?? {}),
          JSON.stringify(item.metadata),
        ];
        lines.push(spreadsheetLine(cells));
      }
      if (items.length < PAGE) break;
    }
    return new Response(`${lines.join("\r\n")}\r\n`, { headers: { "content-type": "text/csv; charset=utf-8" } });
  });

  app.post("/annotation-queues/populate", async (c) => {
    const body = await readJson(c, context, PopulateBody);
    const queue = await needQueue(context, body.queue_id);
    let cursor: string | undefined;
    let added = 0;
    do {
      const { rows, nextCursor } = await store.spanQuery({
        projectIds: body.session_ids,
        isRoot: true,
        order: "asc",
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
        payloads: [],
      });
      const items = rows.map((row) => ({ runId: row.id, projectId: row.projectId }));
      added += (await store.queueItemAdd({ queueId: queue.id, items })).length;
      cursor = nextCursor ?? undefined;
    } while (cursor !== undefined);
    return c.json({ message: "populated", count: added });
  });

  app.get("/annotation-queues/:runId/queues", async (c) => {
    const queues = await store.queueListOfRun({ runId: c.req.param("runId") });
    return c.json(queues.map(queueJson));
  });
}

function payload(run: StoredSpan | undefined, name: "inputs" | "outputs"): string {
  const bytes = run?.[name];
  return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8") : "";
}
