import { toIsoTime } from "../../internal/iso-time.ts";
import type { FeedbackStats } from "../../model/stored-feedback.ts";
import type { ComparativeExperiment } from "../../model/comparative-experiment.ts";
import { feedbackStatsJson } from "./run-extras.ts";
import { TENANT_ID } from "./tenant.ts";

/** A comparative experiment; with `stats`, what was given to each experiment in it: `{ key: { experiment: stats } }`. */
export function comparativeJson(
  source: ComparativeExperiment,
  stats?: ReadonlyMap<string, FeedbackStats>,
): Record<string, unknown> {
  return {
    id: source.id,
    tenant_id: TENANT_ID,
    name: source.name,
    description: source.description,
    reference_dataset_id: source.datasetId,
    extra: source.extra,
    created_at: toIsoTime(source.createdAt),
    modified_at: toIsoTime(source.modifiedAt),
    experiments_info: source.projects,
    ...(stats ? { feedback_stats: byKey(stats) } : {}),
  };
}

function byKey(stats: ReadonlyMap<string, FeedbackStats>): Record<string, Record<string, unknown>> {
  const keys: Record<string, Record<string, unknown>> = Object.create(null) as Record<string, Record<string, unknown>>;
  for (const [projectId, ofProject] of stats) {
    for (const [key, value] of Object.entries(feedbackStatsJson(ofProject) ?? {})) {
      (keys[key] ??= {})[projectId] = value;
    }
  }
  return keys;
}
