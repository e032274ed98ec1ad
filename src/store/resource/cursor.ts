import type { JsonObject } from "../../model/json.ts";

export interface CursorStore {
  /** Saved positions of tailers, by name. */
  cursorGet(params: { name: string }): Promise<JsonObject | null>;
  cursorSet(params: { name: string; value: JsonObject }): Promise<void>;
  /** Reads, changes and writes in one transaction; two who change the same name come one after the other. */
  cursorUpdate(params: { name: string; update: (current: JsonObject | null) => JsonObject }): Promise<JsonObject>;
}
