import type {
  AnnotationQueueAction,
  CustomAction,
  DatasetAction,
  FeedbackAction,
  NotifyAction,
  TagAction,
  WebhookAction,
} from "../model/action.ts";
import { validateAction } from "./validate-action.ts";

/**
 * What `onFailure` returns, with types and an early check. Every helper throws a LoopsmithError `invalid` that names the
 * field; plain objects of the same shape are checked the same way when the verdict is made.
 */

/** Puts the trace, or one span of it, into an annotation queue for a person to review. */
export function addToAnnotationQueue(
  queueName: string,
  options: Omit<AnnotationQueueAction, "action" | "queueName"> = {},
): AnnotationQueueAction {
  return built({ action: "add_to_annotation_queue", queueName, ...options });
}

/** Posts the failure's context to a URL, signed and retried by the Standard Webhooks specification. */
export function webhook(url: string, options: Omit<WebhookAction, "action" | "url"> = {}): WebhookAction {
  return built({ action: "webhook", url, ...options });
}

/** Adds the trace's inputs to a dataset as an example, once per trace. */
export function addToDataset(
  datasetName: string,
  options: Omit<DatasetAction, "action" | "datasetName"> = {},
): DatasetAction {
  return built({ action: "add_to_dataset", datasetName, ...options });
}

/** Writes feedback on the culprit span, or on the root when nothing is attributable. */
export function createFeedback(key: string, options: Omit<FeedbackAction, "action" | "key"> = {}): FeedbackAction {
  return built({ action: "create_feedback", key, ...options });
}

/** Tags the trace's root, or one span of it. */
export function tag(name: string, options: Omit<TagAction, "action" | "tag"> = {}): TagAction {
  return built({ action: "tag", tag: name, ...options });
}

/** Calls the handler of this name in the loop's `actions`. */
export function custom(name: string, options: Omit<CustomAction, "action" | "name"> = {}): CustomAction {
  return built({ action: "custom", name, ...options });
}

/** Tells an entry of the loop's `destinations`: Slack, PagerDuty, mail, GitHub, Linear, HTTP. */
export function notify(destination: string, options: Omit<NotifyAction, "action" | "destination"> = {}): NotifyAction {
  return built({ action: "notify", destination, ...options });
}

function built<A extends Parameters<typeof validateAction>[0]>(action: A): A {
  validateAction(action);
  return action;
}
