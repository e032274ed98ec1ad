import type { JsonObject } from "./json.ts";

/**
 * What a failing trace leads to. These are the wire-level shapes `onFailure` returns; the helpers exported from the
 * package root (`addToAnnotationQueue`, `webhook`, ...) build them.
 */
export type Action =
  | AnnotationQueueAction
  | WebhookAction
  | DatasetAction
  | FeedbackAction
  | TagAction
  | CustomAction
  | NotifyAction;

export interface AnnotationQueueAction {
  action: "add_to_annotation_queue";
  /** Created when missing. */
  queueName: string;
  /** The span to review; the root when absent. */
  spanId?: string;
  /** Attached to the item (our server) or to feedback on the culprit span (LangSmith). */
  metadata?: JsonObject;
}

export interface WebhookAction {
  action: "webhook";
  /** Where to POST. Comes from your code, never from a trace. */
  url: string;
  /** Standard Webhooks secret (`whsec_...`), or several during rotation; the name of one in `secrets` keeps it out of the store. */
  secret?: string | SealedSecret | readonly (string | SealedSecret)[];
  /** Event type. @default "failure.detected" */
  type?: string;
  /** Merged into `data` beside the failure's context. */
  data?: JsonObject;
  /** Text, which is sent as it is whatever it says, or `secretNamed("NAME")`. */
  headers?: Readonly<Record<string, string | SecretReference | SealedSecret>>;
}

/** The name of an entry in the loop's `secrets`. Made by `secretNamed`; a plain object of this shape is refused. */
export interface SecretReference {
  readonly secret: string;
}

/** Stands in a stored action for a value that was taken out of it. Never made by hand. */
export interface SealedSecret {
  readonly sealed: string;
}

export interface DatasetAction {
  action: "add_to_dataset";
  /** Created when missing. */
  datasetName: string;
  /** @default the root's inputs */
  inputs?: JsonObject;
  /** Reference outputs. @default none: a failing run's own outputs are no reference */
  outputs?: JsonObject;
  metadata?: JsonObject;
  split?: string;
}

export interface FeedbackAction {
  action: "create_feedback";
  key: string;
  score?: number | boolean | null;
  value?: string | number | boolean | JsonObject;
  comment?: string;
  /** @default the culprit, or the root when nothing is attributable */
  spanId?: string;
}

export interface TagAction {
  action: "tag";
  tag: string;
  spanId?: string;
}

export interface CustomAction {
  action: "custom";
  /** Names the handler in `actions` of the loop; part of the delivery's stable id. */
  name: string;
  data?: JsonObject;
}

/** Slack, PagerDuty, email, GitHub, Linear, generic HTTP: `destination` names an entry of the loop's `destinations`. */
export interface NotifyAction {
  action: "notify";
  destination: string;
  title?: string;
  text?: string;
  /** A link for the reader, for example to the trace in your tracing tool. */
  url?: string;
  data?: JsonObject;
}

export type ActionKind = Action["action"];
