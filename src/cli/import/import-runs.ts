import { toIsoTime } from "../../internal/iso-time.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import type { FeedbackWrite } from "../../model/span-write.ts";
import type { Store } from "../../store/store.ts";
import { attachmentLinks, copiedRunsBody, hasFeedback, type CopiedRun } from "../../wire/copied-run.ts";
import { feedbackOf } from "../../wire/ingest-feedback.ts";
import { ingestBatch } from "../../wire/ingest.ts";
import { targetProject, writeImportState, type ImportState } from "./import-state.ts";
import type { LangSmithSource } from "./langsmith-source.ts";

export interface ImportRunsOptions {
  source: LangSmithSource;
  store: Store;
  /** Name of the project in LangSmith. */
  projectName: string;
  /** Name of the project here. @default the same */
  as?: string;
  /** Runs that started in this time (epoch ms). @default from where the last import got to; until now */
  since?: number;
  until?: number;
  /** LangSmith's filter language. @default all runs */
  filter?: string;
  onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  runs: number;
  feedback: number;
  /** How much of the time range is done, 0 to 1. */
  share: number;
  /** Epoch ms that it got to. */
  at: number;
}

interface Found {
  runs: number;
  feedback: number;
  attachments: number;
  /** Attachments that could not be fetched, by run and name. */
  missingAttachments: string[];
  /** Runs and feedback that could not be taken, with the reason. */
  rejected: string[];
}

export interface ImportReport extends Found {
  project: { id: string; name: string };
  /** ISO time the import began with, and got to. */
  from: string;
  through: string;
}

/** A step covers a range of time: short where there is much, so that a killed import repeats little; long where there is nothing. */
const FIRST_STEP_MS = 24 * 60 * 60_000;
const SHORTEST_STEP_MS = 1_000;
const FEW_RUNS = 200;
const MANY_RUNS = 500;
/** Runs may be older than their project: they carry what time they like. */
const EARLIEST = Date.UTC(2020, 0, 1);
/** What the next import looks at again: runs that were still going, and feedback that came a little later. */
const OVERLAP_MS = 60 * 60_000;

/**
 * Copies the runs of a LangSmith project with their feedback and attachments, oldest first. Every id stays, so doing it again
 * writes the same rows; how far it got is kept in the project, so a killed import goes on from there.
 */
export async function importRuns(options: ImportRunsOptions): Promise<ImportReport> {
  const { source, store, filter } = options;
  const project = await source.project(options.projectName);
  const name = options.as ?? project.name;
  const { target, state } = await targetProject(store, project, name);
  const to = options.until ?? store.now();
  const from = options.since ?? startOf(state, filter);
  if (from >= to) {
    throw new LoopsmithError("invalid", `there is no time between ${toIsoTime(from)} and ${toIsoTime(to)}`, {
      hint: "Give --since before --until; without --since an import goes on from where the last one got to.",
    });
  }
  const report: ImportReport = {
    project: { id: target.id, name },
    ...noneFound(),
    from: toIsoTime(from),
    through: toIsoTime(from),
  };
  let stepMs = FIRST_STEP_MS;
  for (let at = from; at < to;) {
    const end = Math.min(at + stepMs, to);
    const found = noneFound();
    const isShortest = stepMs <= SHORTEST_STEP_MS;
    let isTooMuch = false;
    for await (const runs of source.runs({ projectId: project.id, from: at, to: end, ...(filter ? { filter } : {}) })) {
      await writePage({ source, store, projectId: target.id, runs, found });
      const [runCount, feedbackCount] = [report.runs + found.runs, report.feedback + found.feedback];
      options.onProgress?.({ runs: runCount, feedback: feedbackCount, share: (at - from) / (to - from), at });
      isTooMuch = found.runs > MANY_RUNS && !isShortest;
      if (isTooMuch) break;
    }
    if (isTooMuch) {
      // Shorter steps read these pages again, and write nothing new.
      stepMs = Math.max(SHORTEST_STEP_MS, stepMs / 4);
      continue;
    }
    addTo(report, found);
    at = end;
    report.through = toIsoTime(end);
    await writeImportState(store, target.id, { projectId: project.id, through: end, filter: filter ?? null });
    if (found.runs < FEW_RUNS) stepMs *= 2;
  }
  return report;
}

function startOf(state: ImportState | null, filter: string | undefined): number {
  // With another filter, what lies behind is not all there.
  if (state === null || state.filter !== (filter ?? null)) return EARLIEST;
  return Math.max(EARLIEST, state.through - OVERLAP_MS);
}

const noneFound = (): Found => ({ runs: 0, feedback: 0, attachments: 0, missingAttachments: [], rejected: [] });

function addTo(report: Found, found: Found): void {
  report.runs += found.runs;
  report.feedback += found.feedback;
  report.attachments += found.attachments;
  report.missingAttachments.push(...found.missingAttachments);
  report.rejected.push(...found.rejected);
}

/** One page with everything that belongs to it, in one transaction. */
async function writePage({
  source,
  store,
  projectId,
  runs,
  found,
}: {
  source: LangSmithSource;
  store: Store;
  projectId: string;
  runs: readonly CopiedRun[];
  found: Found;
}): Promise<void> {
  if (runs.length === 0) return;
  const batch = await ingestBatch(copiedRunsBody(runs, projectId));
  const judged = runs.filter(hasFeedback).map((run) => run.id ?? "");
  const feedback: FeedbackWrite[] = [];
  for (const item of await source.feedback(judged)) {
    try {
      feedback.push(feedbackOf({ ...item, session_id: projectId }, ""));
    } catch (error) {
      found.rejected.push(`feedback ${JSON.stringify(item["id"])}: ${errorMessage(error)}`);
    }
  }
  const links = runs.flatMap(attachmentLinks);
  const contents = await source.attachments(links.map((link) => link.url));
  const attachments = links.flatMap(({ runId, name }, index) => {
    const content = contents[index];
    if (content) return [{ spanId: runId, name, ...content }];
    found.missingAttachments.push(`${runId} ${name}`);
    return [];
  });
  await store.spanIngest({ spans: batch.spans, attachments, feedback, ownsPayloads: true });
  found.runs += batch.spans.length;
  found.feedback += feedback.length;
  found.attachments += attachments.length;
  found.rejected.push(...batch.rejected.map(({ item, message }) => `${item}: ${message}`));
}
