import type { Json } from "../model/json.ts";
import { jsonTextSteps } from "../wire/json-text-steps.ts";
import { runPaused } from "../wire/steps.ts";

/** An answer whose JSON is already written. */
export function jsonText(text: string, status = 200): Response {
  return new Response(text, { status, headers: { "content-type": "application/json; charset=utf-8" } });
}

/** An answer whose value may be large: others have their turn while it is written. */
export async function largeJson(value: Record<string, unknown>): Promise<Response> {
  return jsonText(await runPaused(jsonTextSteps(value as Json)));
}
