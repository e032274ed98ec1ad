import type { Json } from "../model/json.ts";

/** The JSON of a remote's answer, or `undefined` when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
