import type { Delivery } from "../model/delivery.ts";
import { stableId } from "../model/id.ts";
import { isJsonObject } from "../model/json.ts";

/**
 * The id that failures of one kind share: same loop, same feedback key, same name of the culprit span. Issue trackers
 * and pagers group by it, so that a thousand failing traces do not become a thousand tickets. A delivery without a
 * failure in its context, such as a digest, is a group of its own.
 */
export function failureGroup({ id, loop, context }: Delivery): string {
  if (typeof context.key !== "string") return id;
  const name = isJsonObject(context.culprit) ? context.culprit.name : undefined;
  return stableId("failure group", loop, context.key, typeof name === "string" ? name : "");
}
