import type { Context, Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { SpanSelection } from "../../store/resource/span.ts";
import { payloadsOfV1, runV1Text } from "../../wire/langsmith/run-v1.ts";
import { payloadsOfV2, runV2Text, selectOfV2 } from "../../wire/langsmith/run-v2.ts";
import { jsonText } from "../json-text.ts";
import { pageResponse } from "../page-response.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { uuid } from "./field.ts";
import { runSources } from "./run-sources.ts";
import { runNotFound } from "./runs-v1.ts";

/** Runs of a shared trace that are given out at most. */
const MAX_RUNS = 1000;

const QueryV1Body = z.looseObject({ id: z.array(uuid).nullish(), cursor: z.string().nullish() });
const QueryV2Body = z.looseObject({ selects: z.array(z.string()).nullish() });
const SelectsQuery = z.object({ selects: z.array(z.string()).optional() });

/** What a share token opens, to anyone who has it: one run and all below it, or a thread. */
export function publicShareRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  const v1 = async (
    c: Context,
    selection: SpanSelection,
    cursor?: string,
  ): Promise<{ texts: string[]; next: string | null }> => {
    const { rows, nextCursor } = await store.spanQuery({
      ...selection,
      order: "asc",
      limit: 100,
      ...(cursor ? { cursor } : {}),
      payloads: payloadsOfV1(),
    });
    const sources = await runSources(context, rows, { origin: new URL(c.req.url).origin, withFeedback: true });
    return { texts: sources.map((source) => runV1Text(source)), next: nextCursor };
  };

  // The JavaScript client forgets the question mark, so that the query arrives as part of the path.
  app.get("/public/:token/:rest{runs(?:share_token=.*)?}", async (c) => {
    const { token, rest } = c.req.param();
    const query = rest === "runs" ? new URL(c.req.url).searchParams : new URLSearchParams(rest.slice("runs".length));
    const ids = query.getAll("id");
    const { texts } = await v1(c, { ...(await opened(context, token)), ...(ids.length > 0 ? { ids } : {}) });
    return jsonText(`[${texts.join(",")}]`);
  });

  app.post("/public/:token/runs/query", async (c) => {
    const body = await readJson(c, context, QueryV1Body);
    const selection = { ...(await opened(context, c.req.param("token"))), ...(body.id ? { ids: body.id } : {}) };
    const { texts, next } = await v1(c, selection, body.cursor ?? undefined);
    return jsonText(`{"runs":[${texts.join(",")}],"cursors":${JSON.stringify({ next })}}`);
  });

  app.get("/public/:token/run", async (c) => {
    const { texts } = await v1(c, { shareToken: c.req.param("token") });
    const [text] = texts;
    if (text === undefined) throw shareNotFound();
    return jsonText(text);
  });

  app.get("/public/:token/r", async (c) => {
    const { texts } = await v1(c, await opened(context, c.req.param("token")));
    return jsonText(`[${texts.join(",")}]`);
  });

  const v2 = async (
    c: Context,
    selection: SpanSelection,
    selects: readonly string[] | undefined,
  ): Promise<string[]> => {
    const select = selectOfV2(selects);
    const { rows } = await store.spanQuery({
      ...selection,
      order: "asc",
      limit: MAX_RUNS,
      payloads: payloadsOfV2(select),
    });
    const sources = await runSources(context, rows, {
      origin: new URL(c.req.url).origin,
      withFeedback: select.has("feedback_stats"),
    });
    return sources.map((source) => runV2Text(source, select));
  };

  app.post("/v2/public/:token/runs/query", async (c) => {
    const body = await readJson(c, context, QueryV2Body);
    const items = await v2(c, await opened(context, c.req.param("token")), body.selects ?? undefined);
    return pageResponse(c, items, null);
  });

  app.get("/v2/public/:token/run/:id", async (c) => {
    const { token, id } = c.req.param();
    const { selects } = readQuery(c, SelectsQuery);
    const [text] = await v2(c, { ...(await opened(context, token)), ids: [id] }, selects);
    if (text === undefined) throw runNotFound(id);
    return jsonText(text);
  });
}

/** The spans behind a token. @throws LoopsmithError `not_found` */
async function opened({ store }: ServerContext, token: string): Promise<SpanSelection> {
  const { rows } = await store.spanQuery({ shareToken: token, order: "asc", limit: 1, payloads: [] });
  const [shared] = rows;
  if (shared && shared.parentId === null) return { traceIds: [shared.traceId] };
  if (shared) return { traceIds: [shared.traceId], atOrBelow: shared.dottedOrder };
  const thread = await store.threadOfToken({ token });
  if (thread) {
    const roots = await store.spanQuery({
      projectIds: [thread.projectId],
      threadIds: [thread.threadId],
      isRoot: true,
      order: "asc",
      limit: MAX_RUNS,
      payloads: [],
    });
    return { traceIds: roots.rows.map((row) => row.traceId) };
  }
  throw shareNotFound();
}

function shareNotFound(): LoopsmithError {
  return new LoopsmithError("not_found", "nothing is shared under this token", {
    hint: "The share may have been taken back.",
  });
}
