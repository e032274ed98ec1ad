import { isRecording } from "../destination/delivery-id.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { Action } from "../model/action.ts";
import type { ResolvedLoopOptions } from "./options.ts";

/**
 * Refuses an action no handler of this loop could ever carry out, at the time the verdict is made.
 * @throws LoopsmithError `invalid`
 */
export function assertDeliverable(
  action: Action,
  options: Pick<ResolvedLoopOptions, "actions" | "destinations">,
): void {
  if (isRecording(action)) return;
  if (action.action === "custom" && !Object.hasOwn(options.actions, action.name)) {
    throw unknown(`handler "${action.name}" of a custom action`, "actions", options.actions);
  }
  if (action.action === "notify") {
    const destination = Object.hasOwn(options.destinations, action.destination)
      ? options.destinations[action.destination]
      : undefined;
    if (!destination) throw unknown(`destination "${action.destination}"`, "destinations", options.destinations);
  }
}

function unknown(what: string, option: string, known: object): LoopsmithError {
  return new LoopsmithError("invalid", `the loop has no ${what}`, {
    hint: `Add it to the loop's \`${option}\`. There are: ${Object.keys(known).join(", ") || "none"}.`,
    details: { option },
  });
}
