import { toIsoTime } from "../../internal/iso-time.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { Dataset } from "../../model/dataset.ts";
import { TENANT_ID } from "./tenant.ts";

/** A dataset as both API generations write it. */
export function datasetJson(dataset: Dataset): Record<string, unknown> {
  return {
    id: dataset.id,
    tenant_id: TENANT_ID,
    name: dataset.name,
    description: dataset.description,
    data_type: dataset.dataType,
    metadata: dataset.metadata,
    inputs_schema_definition: dataset.inputsSchema,
    outputs_schema_definition: dataset.outputsSchema,
    externally_managed: false,
    transformations: null,
    created_at: toIsoTime(dataset.createdAt),
    modified_at: toIsoTime(dataset.modifiedAt),
    example_count: dataset.exampleCount,
    session_count: dataset.projectCount,
    last_session_start_time: dataset.lastProjectStartAt === null ? null : toIsoTime(dataset.lastProjectStartAt),
    baseline_experiment_id: dataset.baselineProjectId,
  };
}

/** A version of a dataset. */
export function versionJson(version: { asOf: number; tags: string[] }): Record<string, unknown> {
  return { as_of: toIsoTime(version.asOf), tags: version.tags };
}

/** What stands in a body's `extra` beside the metadata (who made it) is not kept. */
export function metadataOfExtra(extra: JsonObject | null | undefined): JsonObject {
  const metadata: Json | undefined = extra?.["metadata"];
  return typeof metadata === "object" && metadata !== null && !Array.isArray(metadata) ? metadata : {};
}
