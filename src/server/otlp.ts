import type { Context, Hono } from "hono";
import type { SpanWrite } from "../model/span-write.ts";
import { ingestOtlp, otlpAnswer, type OtlpBatch } from "../wire/ingest-otlp.ts";
import { itemsOf } from "../wire/ingest.ts";
import { spanUuid } from "../wire/otlp/place-spans.ts";
import { readBody } from "./read-bytes.ts";
import type { ServerContext } from "./server-context.ts";

/** OpenTelemetry's exporters: `OTEL_EXPORTER_OTLP_ENDPOINT` at this server, or at its `/otel` as LangSmith has it. */
export function otlpRoutes(app: Hono, context: ServerContext): void {
  const receive = async (c: Context): Promise<Response> => {
    const contentType = c.req.header("content-type");
    const project = c.req.header("langsmith-project");
    context.ingestLine.assertOpen();
    const body = await readBody(c, context);
    return context.ingestLine.pass(body.byteLength, {
      read: () => ingestOtlp(body, contentType, { project }),
      items: itemsOf,
      write: async (batch) => {
        await write(context, batch);
        const answer = otlpAnswer(contentType, batch);
        const headers = { "content-type": answer.contentType };
        return new Response(answer.body as Uint8Array<ArrayBuffer>, { headers });
      },
    });
  };
  app.post("/v1/traces", receive);
  app.post("/otel/v1/traces", receive);
}

async function write(context: ServerContext, batch: OtlpBatch): Promise<void> {
  await adoptStrays(context, batch.spans);
  const { touched } = await context.store.spanIngest(batch);
  await complete(context, batch);
  context.notify(touched);
  for (const { item, message } of batch.rejected) context.logger.warn(`${item} was refused: ${message}`);
}

/** Spans whose root came in an earlier request know it by its span id; a root's run id is the trace's. */
async function adoptStrays({ store }: ServerContext, spans: readonly SpanWrite[]): Promise<void> {
  const here = new Set(spans.map((span) => span.id));
  const strays = spans.filter((span) => span.parentId && !here.has(span.parentId) && span.traceId !== undefined);
  if (strays.length === 0) return;
  const ids = [...new Set(strays.flatMap((span) => (span.traceId === undefined ? [] : [span.traceId])))];
  const { rows } = await store.spanQuery({ ids, order: "asc", limit: ids.length, payloads: [] });
  const aliases = new Map(rows.map((row) => [row.id, row.metadata["OTEL_SPAN_ID"]]));
  for (const span of strays) {
    const alias = aliases.get(span.traceId ?? "");
    if (typeof alias === "string" && span.traceId && span.parentId === spanUuid(alias)) span.parentId = span.traceId;
  }
}

/** The other way round: a root adopts the children that came before it, and all of them get their order. */
async function complete({ store }: ServerContext, { roots, spans }: OtlpBatch): Promise<void> {
  const traces = new Map<string, { traceId: string; rootAlias?: string }>();
  for (const { traceId, childrenSay } of roots) traces.set(traceId, { traceId, rootAlias: childrenSay });
  for (const { dottedOrder, traceId } of spans) {
    if (dottedOrder === undefined && traceId !== undefined && !traces.has(traceId)) traces.set(traceId, { traceId });
  }
  if (traces.size > 0) await store.traceComplete({ traces: [...traces.values()] });
}
