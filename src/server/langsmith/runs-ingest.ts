import type { Context, Hono } from "hono";
import { LoopsmithError } from "../../model/errors.ts";
import { ingestBatch, ingestMultipart, ingestRun, type IngestBatch } from "../../wire/ingest.ts";
import { withBody } from "../read-bytes.ts";
import type { ServerContext } from "../server-context.ts";

/** The ways in which LangSmith's clients send runs. A 202 means committed and fsynced. */
export function runsIngestRoutes(app: Hono, context: ServerContext): void {
  const receive = (c: Context, read: (body: Uint8Array, receivedAt: number) => Promise<IngestBatch>) =>
    withBody(c, context, async (body) => {
      const batch = await read(body, context.now());
      const { touched } = await context.store.spanIngest(batch);
      // Runs sent one by one may leave their place in the trace to us; batches always tell it.
      const unplaced = batch.spans.filter((span) => span.op === "post" && span.dottedOrder === undefined);
      if (unplaced.length > 0) {
        const traceIds = new Set(unplaced.map((span) => span.traceId ?? span.id));
        await context.store.traceComplete({ traces: [...traceIds].map((traceId) => ({ traceId })) });
      }
      context.notify(touched);
      return c.json(receipt(batch, context), 202);
    });

  app.post("/runs/multipart", (c) =>
    receive(c, (body, receivedAt) => ingestMultipart(body, c.req.header("content-type"), { receivedAt })),
  );
  app.post("/runs/batch", (c) => receive(c, (body, receivedAt) => ingestBatch(body, { receivedAt })));
  app.post("/runs", (c) => receive(c, (body, receivedAt) => ingestRun("post", body, { receivedAt })));
  app.patch("/runs/:id", (c) =>
    receive(c, (body, receivedAt) => ingestRun("patch", body, { id: c.req.param("id") ?? "", receivedAt })),
  );
}

/**
 * What the client hears. Items that were refused are named beside those that went through: a failure of the whole request
 * would make clients send everything again, refused items included.
 * @throws LoopsmithError when nothing of the request was worth storing
 */
function receipt({ spans, attachments, feedback, rejected }: IngestBatch, { logger }: ServerContext): object {
  for (const { item, message } of rejected) logger.warn(`${item} was refused: ${message}`);
  const [first] = rejected;
  if (!first) return { message: "Runs batch ingested" };
  if (spans.length + attachments.length + feedback.length === 0) {
    throw new LoopsmithError(first.code, `${first.item}: ${first.message}`, {
      hint: first.hint,
      details: { field: first.field, errors: rejected },
    });
  }
  return { message: "Runs batch ingested in part", rejected };
}
