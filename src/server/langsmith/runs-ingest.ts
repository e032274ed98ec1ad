import type { Context, Hono } from "hono";
import { LoopsmithError } from "../../model/errors.ts";
import type { TouchedTrace } from "../../store/resource/span.ts";
import { ingestBatch, ingestMultipart, ingestRun, itemsOf, type IngestBatch } from "../../wire/ingest.ts";
import { readBody } from "../read-bytes.ts";
import type { ServerContext } from "../server-context.ts";

/** The ways in which LangSmith's clients send runs. A 202 means committed and fsynced. */
export function runsIngestRoutes(app: Hono, context: ServerContext): void {
  const receive = async (
    c: Context,
    read: (body: Uint8Array, receivedAt: number) => Promise<IngestBatch>,
  ): Promise<Response> => {
    context.ingestLine.assertOpen();
    const body = await readBody(c, context);
    return context.ingestLine.pass(body.byteLength, {
      read: () => read(body, context.now()),
      items: itemsOf,
      write: (batch) => write(c, context, begin(context, batch)),
    });
  };

  app.post("/runs/multipart", (c) =>
    receive(c, (body, receivedAt) => ingestMultipart(body, c.req.header("content-type"), { receivedAt })),
  );
  app.post("/runs/batch", (c) => receive(c, (body, receivedAt) => ingestBatch(body, { receivedAt })));
  app.post("/runs", (c) => receive(c, (body, receivedAt) => ingestRun("post", body, { receivedAt })));
  app.patch("/runs/:id", (c) =>
    receive(c, (body, receivedAt) => ingestRun("patch", body, { id: c.req.param("id") ?? "", receivedAt })),
  );
}

async function write(c: Context, context: ServerContext, writing: Writing): Promise<Response> {
  const { touched } = await writing.committed;
  if (writing.unplaced.length > 0) await context.store.traceComplete({ traces: writing.unplaced });
  context.notify(touched);
  return c.json(receipt(writing, context), 202);
}

/** What there is to remember of a batch while it is written; the batch itself can go. */
interface Writing {
  committed: Promise<{ touched: TouchedTrace[] }>;
  /** Traces of runs that leave their place to us: those sent one by one may, batches always tell it. */
  unplaced: { traceId: string }[];
  stored: number;
  rejected: IngestBatch["rejected"];
}

function begin({ store }: ServerContext, batch: IngestBatch): Writing {
  const unplaced = new Set<string>();
  for (const span of batch.spans) {
    if (span.op === "post" && span.dottedOrder === undefined) unplaced.add(span.traceId ?? span.id);
  }
  return {
    committed: store.spanIngest({ ...batch, ownsPayloads: true }),
    unplaced: [...unplaced].map((traceId) => ({ traceId })),
    stored: batch.spans.length + batch.attachments.length + batch.feedback.length,
    rejected: batch.rejected,
  };
}

/** Refused items of one request that the log tells one by one. */
const MAX_LOGGED = 20;

/**
 * What the client hears. Items that were refused are named beside those that went through: a failure of the whole request
 * would make clients send everything again, refused items included.
 * @throws LoopsmithError when nothing of the request was worth storing
 */
function receipt({ stored, rejected }: Writing, { logger }: ServerContext): object {
  for (const { item, message } of rejected.slice(0, MAX_LOGGED)) logger.warn(`${item} was refused: ${message}`);
  if (rejected.length > MAX_LOGGED) logger.warn(`${rejected.length - MAX_LOGGED} more items were refused`);
  const [first] = rejected;
  if (!first) return { message: "Runs batch ingested" };
  if (stored === 0) {
    throw new LoopsmithError(first.code, `${first.item}: ${first.message}`, {
      hint: first.hint,
      details: { field: first.field, errors: rejected },
    });
  }
  return { message: "Runs batch ingested in part", rejected };
}
