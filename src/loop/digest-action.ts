import { digestText, type Digest } from "../alert/throttle.ts";
import type { Action, CustomAction, NotifyAction, WebhookAction } from "../model/action.ts";

/** What can tell of others; what records (queues, datasets, feedback, tags) is never held. */
export type TellingAction = NotifyAction | WebhookAction | CustomAction;

export function isTelling(action: Action): action is TellingAction {
  return action.action === "notify" || action.action === "webhook" || action.action === "custom";
}

/** The digest as an action of the kind it tells of, to the same receiver. @param like one of those it tells of */
export function digestAction(digest: Digest, like: TellingAction): Action {
  const title = digest.count === 1 ? "1 failure" : `${digest.count} failures`;
  const text = digestText(digest);
  const data = { count: digest.count, from: digest.from, to: digest.to };
  if (like.action === "notify") return { action: "notify", destination: like.destination, title, text, data };
  if (like.action === "custom") return { action: "custom", name: like.name, data: { ...data, title, text } };
  return { ...like, type: "failure.digest", data: { ...data, title, text } };
}
