import { isRecording } from "../destination/delivery-id.ts";
import type { Action } from "../model/action.ts";
import { invalidOption } from "./invalid-option.ts";
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
    throw invalidOption(
      "actions",
      `no handler "${action.name}"`,
      `one of: ${Object.keys(options.actions).join(", ") || "none"}`,
    );
  }
  if (action.action === "notify") {
    const destination = Object.hasOwn(options.destinations, action.destination)
      ? options.destinations[action.destination]
      : undefined;
    if (!destination) {
      const known = Object.keys(options.destinations).join(", ") || "none";
      throw invalidOption("destinations", `no destination "${action.destination}"`, `one of: ${known}`);
    }
  }
}
