import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { ReadRun } from "./from-run.ts";
import { passesOnUsage } from "./passes-on-usage.ts";

/** A run as LangSmith's read APIs send it, with what only a copy needs. */
export interface CopiedRun extends ReadRun {
  /** v2's name for `serialized`. */
  manifest?: unknown;
  serialized?: unknown;
  reference_example_id?: string | null;
  /** v2: where each attachment can be fetched, by name. */
  attachments?: unknown;
  /** v1: the same as `attachment.<name>`. */
  s3_urls?: unknown;
}

/** A body of `/runs/batch` that writes the same runs into a project, over what is known of them there. */
export function copiedRunsBody(runs: readonly CopiedRun[], projectId: string): Uint8Array {
  return Buffer.from(JSON.stringify({ patch: runs.map((run) => copiedRun(run, projectId)) }));
}

function copiedRun(run: CopiedRun, projectId: string): Record<string, unknown> {
  const kind = run.run_type?.toLowerCase();
  return {
    id: run.id,
    trace_id: run.trace_id,
    parent_run_id: run.parent_run_id ?? run.parent_run_ids?.at(-1) ?? null,
    dotted_order: run.dotted_order,
    session_id: projectId,
    name: run.name,
    run_type: kind,
    start_time: run.start_time,
    end_time: run.end_time,
    status: run.status,
    error: run.error ?? undefined,
    inputs: run.inputs,
    outputs: run.outputs,
    events: run.events,
    extra: extraOf(run),
    serialized: run.serialized ?? run.manifest,
    tags: run.tags,
    reference_example_id: run.reference_example_id ?? undefined,
    ...(kind === undefined || passesOnUsage(kind) ? {} : usageOf(run)),
  };
}

/** v2 keeps the metadata beside the rest. */
function extraOf({ extra, metadata }: CopiedRun): JsonObject {
  const rest = isJsonObject(extra) ? extra : {};
  const inside = isJsonObject(rest["metadata"]) ? rest["metadata"] : {};
  return { ...rest, metadata: { ...inside, ...(isJsonObject(metadata) ? metadata : {}) } };
}

/** Zero is how both generations write "unknown". */
function usageOf(run: CopiedRun): Record<string, unknown> {
  const counts = {
    prompt_tokens: run.prompt_tokens,
    completion_tokens: run.completion_tokens,
    total_tokens: run.total_tokens,
    total_cost: run.total_cost,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => Number(count ?? 0) > 0));
}

export interface AttachmentLink {
  runId: string;
  name: string;
  url: string;
}

/** Where the attachments of a run can be fetched. */
export function attachmentLinks(run: CopiedRun): AttachmentLink[] {
  const runId = run.id ?? "";
  const v2 = isJsonObject(run.attachments) ? Object.entries(run.attachments) : [];
  const v1 = isJsonObject(run.s3_urls) ? Object.entries(run.s3_urls) : [];
  return [
    ...v2.map(([name, url]) => ({ runId, name, url })),
    ...v1
      .filter(([key]) => key.startsWith("attachment."))
      .map(([key, link]) => ({ runId, name: key.slice("attachment.".length), url: presigned(link) })),
  ].filter((link): link is AttachmentLink => typeof link.url === "string" && link.url !== "");
}

function presigned(link: Json | undefined): Json | undefined {
  return isJsonObject(link) ? link["presigned_url"] : undefined;
}

/** Whether feedback was given to the run. */
export function hasFeedback({ feedback_stats: stats }: ReadRun): boolean {
  return isJsonObject(stats) && Object.keys(stats).length > 0;
}
