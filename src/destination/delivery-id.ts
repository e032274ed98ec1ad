import type { Action, ActionKind } from "../model/action.ts";
import { stableId } from "../model/id.ts";

export interface VerdictActions {
  loop: string;
  traceId: string;
  revision: number;
  /** All actions of one verdict, in the order `onFailure` gave them. */
  actions: readonly Action[];
}

const RECORDING: Readonly<Record<ActionKind, boolean>> = {
  add_to_annotation_queue: true,
  add_to_dataset: true,
  create_feedback: true,
  tag: true,
  webhook: false,
  custom: false,
  notify: false,
};

export const ACTION_KINDS = Object.keys(RECORDING) as readonly ActionKind[];

/**
 * Queue, dataset, feedback and tag record something on the trace and happen once in its life; webhook, custom and
 * notify tell someone and happen once per revision.
 */
export function isRecording(action: Action): boolean {
  return RECORDING[action.action];
}

/**
 * The ids of a verdict's deliveries, in the order of its actions. They are made of where an action goes, not of what it
 * carries, so the same verdict made twice gives the same ids. For recording actions the revision is left out: a trace
 * evaluated again adds no second item, and what a person removed from a queue stays removed. The second of two actions
 * with the same target in one verdict is counted as its own.
 */
export function deliveryIds({ loop, traceId, revision, actions }: VerdictActions): string[] {
  const seen = new Map<string, number>();
  return actions.map((action) => {
    const target = targetOf(action);
    const key = stableId(...target);
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    return stableId("delivery", loop, traceId, isRecording(action) ? "once" : revision, nth, ...target);
  });
}

function targetOf(action: Action): readonly string[] {
  switch (action.action) {
    case "add_to_annotation_queue":
      return [action.action, action.queueName, action.spanId ?? ""];
    case "add_to_dataset":
      return [action.action, action.datasetName];
    case "create_feedback":
      return [action.action, action.key, action.spanId ?? ""];
    case "tag":
      return [action.action, action.tag, action.spanId ?? ""];
    case "webhook":
      return [action.action, action.url, action.type ?? ""];
    case "custom":
      return [action.action, action.name];
    case "notify":
      return [action.action, action.destination];
    default:
      return action satisfies never;
  }
}
