import type { Hono } from "hono";
import { LoopsmithError } from "../../model/errors.ts";
import { isSigned } from "../attachment-url.ts";
import type { ServerContext } from "../server-context.ts";

/** Attachments by signed URL. */
export function attachmentRoutes(app: Hono, context: ServerContext): void {
  app.get("/attachments/:spanId", async (c) => {
    const spanId = c.req.param("spanId");
    const name = c.req.query("name") ?? "";
    if (!(await isSigned(context, spanId, name, c.req.query("signature") ?? ""))) {
      throw new LoopsmithError("forbidden", "the attachment's URL is not one this server gave out", {
        hint: "Read the run again and use the URL it carries.",
      });
    }
    // An example's attachment is addressed by its content, so that a link into an old version stays true.
    const attachment =
      (await context.store.attachmentGet({ spanId, name })) ??
      (await context.store.exampleAttachmentGet({ contentId: spanId }));
    if (!attachment) {
      throw new LoopsmithError("not_found", `there is no attachment ${name} on run ${spanId}`, {
        hint: "It may have been deleted with its run.",
      });
    }
    return new Response(attachment.bytes as Uint8Array<ArrayBuffer>, {
      headers: {
        "content-type": attachment.mimeType,
        // What a trace brought along is never run in our origin.
        "content-disposition": "attachment",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
      },
    });
  });
}
