import type { Action } from "../model/action.ts";

/**
 * What receives an action: the unit that a 410 disables, and that cooldowns, ceilings and digests count by. Two webhooks
 * to one URL share it; a webhook URL can hold a token, so it is a key to compare and not a text to show.
 */
export function endpointOf(action: Action): string {
  switch (action.action) {
    case "webhook":
      return `webhook ${action.url}`;
    case "notify":
      return `notify ${action.destination}`;
    case "custom":
      return `custom ${action.name}`;
    default:
      return action.action;
  }
}
