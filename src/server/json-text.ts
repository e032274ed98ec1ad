import { nextTurn } from "../internal/next-turn.ts";
import type { Json } from "../model/json.ts";
import { jsonPieceSteps } from "../wire/json-text-steps.ts";

const HEADERS = { "content-type": "application/json; charset=utf-8" };

/** An answer whose JSON is already written. */
export function jsonText(text: string, status = 200): Response {
  return new Response(text, { status, headers: HEADERS });
}

/** An answer whose value may be large: it is written while it is sent, and others have their turn in between. */
export function largeJson(value: Record<string, unknown>): Response {
  const pieces: string[] = [];
  const steps = jsonPieceSteps(value as Json, pieces);
  if (steps.next().done) return jsonText(pieces.join(""));
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await nextTurn();
      const { done } = steps.next();
      controller.enqueue(encoder.encode(pieces.splice(0).join("")));
      if (done) controller.close();
    },
  });
  return new Response(body, { headers: HEADERS });
}
