import { toIsoTime } from "../../internal/iso-time.ts";
import type { Project } from "../../model/project.ts";
import { TENANT_ID } from "./tenant.ts";

/** A project as LangSmith's v1 API writes it (`TracerSession`), without statistics. */
export function sessionJson(project: Project): Record<string, unknown> {
  return {
    id: project.id,
    tenant_id: TENANT_ID,
    name: project.name,
    description: project.description,
    extra: project.extra,
    reference_dataset_id: project.referenceDatasetId,
    default_dataset_id: null,
    start_time: toIsoTime(project.startAt),
    end_time: project.endAt === null ? null : toIsoTime(project.endAt),
    trace_tier: "longlived",
    last_run_start_time_live: null,
  };
}
