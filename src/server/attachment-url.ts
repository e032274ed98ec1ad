import { createHmac, timingSafeEqual } from "node:crypto";
import type { ServerContext } from "./server-context.ts";

/**
 * Makes URLs that fetch an attachment without an API key, as LangSmith's presigned ones do: whoever can read the run can
 * hand them to a browser. They stay valid for as long as the attachment exists.
 */
export async function attachmentUrls(
  context: ServerContext,
  origin: string,
): Promise<(spanId: string, name: string) => string> {
  const key = await context.signingKey();
  return (spanId, name) => {
    // Names may hold slashes, which have no place within a segment of a path.
    const query = new URLSearchParams({ name, signature: sign(key, spanId, name) });
    return `${origin}/attachments/${spanId}?${query.toString()}`;
  };
}

/** Whether a signature was made by {@link attachmentUrls} of this store. */
export async function isSigned(
  context: ServerContext,
  spanId: string,
  name: string,
  signature: string,
): Promise<boolean> {
  const expected = Buffer.from(sign(await context.signingKey(), spanId, name));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function sign(key: Uint8Array, spanId: string, name: string): string {
  return createHmac("sha256", key).update(`attachment:${spanId}:${name}`).digest("base64url");
}
