import type { Context } from "hono";
import { jsonText } from "./json-text.ts";

/** One page of already written items, as JSON, or as the stream of JSON Patch operations a client may ask for instead. */
export function pageResponse(c: Context, items: readonly string[], nextCursor: string | null): Response {
  const cursor = JSON.stringify(nextCursor);
  if (!c.req.header("accept")?.includes("text/event-stream")) {
    return jsonText(`{"items":[${items.join(",")}],"next_cursor":${cursor}}`);
  }
  // A payload may hold line breaks between its tokens, which would end the event.
  const patch = (operation: string): string => `event: data\ndata: [${operation.replace(/[\r\n]+/g, " ")}]\n\n`;
  const body = [
    patch(`{"op":"add","path":"","value":{"items":[],"next_cursor":${cursor}}}`),
    ...items.map((item) => patch(`{"op":"add","path":"/items/-","value":${item}}`)),
    "event: end\ndata: {}\n\n",
  ];
  return new Response(body.join(""), { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}
