import { LoopsmithError } from "../model/errors.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { Project } from "../model/project.ts";
import type { Store } from "../store/store.ts";

/** How long a project's traces are kept. What both leave out is kept for good. */
export interface RetentionPolicy {
  /** Traces that started longer ago are deleted. */
  maxAgeDays?: number;
  /** The oldest traces are deleted until the project takes no more than this. */
  maxBytes?: number;
}

export interface RetentionOptions {
  store: Store;
  /** For projects without a policy of their own; one stands in `extra.retention`. @default keep everything */
  policy?: RetentionPolicy;
  /** Time between two rounds. @default 600_000 */
  intervalMs?: number;
  /** Clock, epoch ms. @default Date.now */
  now?: () => number;
  onError?: (error: unknown) => void;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Spans of one transaction: some ten milliseconds of work. */
const SPANS_PER_STEP = 300;
const PAUSE_MS = 5;
const PROJECTS_PER_PAGE = 100;

/** Deletes what is too old or too much, a little at a time, now and at every interval until `stop`. */
export function startRetention(options: RetentionOptions): { stop(): Promise<void> } {
  const { intervalMs = 600_000, onError = () => {} } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  const run = (): void => {
    round = applyRetention(options, stopping.signal)
      .then(() => {}, onError)
      .finally(() => {
        if (!stopping.signal.aborted) timer = setTimeout(run, intervalMs).unref();
      });
  };
  run();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await round;
    },
  };
}

/** One round over all projects; returns how many spans were deleted. */
export async function applyRetention(
  { store, policy = {}, now = Date.now }: RetentionOptions,
  signal?: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (let offset = 0; ; offset += PROJECTS_PER_PAGE) {
    const projects = await store.projectList({ limit: PROJECTS_PER_PAGE, offset });
    for (const project of projects) {
      const { maxAgeDays, maxBytes } = policyOf(project, policy);
      if (maxAgeDays !== undefined) {
        deleted += await deleteStepwise(
          store,
          { projectId: project.id, startBefore: now() - maxAgeDays * DAY_MS },
          signal,
        );
      }
      if (maxBytes !== undefined) {
        const excess = (await store.projectBytes({ projectId: project.id })) - maxBytes;
        if (excess > 0) deleted += await deleteStepwise(store, { projectId: project.id, freeBytes: excess }, signal);
      }
    }
    if (projects.length < PROJECTS_PER_PAGE) return deleted;
  }
}

async function deleteStepwise(
  store: Store,
  what: { projectId: string; startBefore?: number; freeBytes?: number },
  signal: AbortSignal | undefined,
): Promise<number> {
  let deleted = 0;
  let left = what.freeBytes;
  while (!signal?.aborted && (left === undefined || left > 0)) {
    const freed = await store.traceDeleteOldest({
      ...what,
      ...(left === undefined ? {} : { freeBytes: left }),
      limitSpans: SPANS_PER_STEP,
    });
    deleted += freed.spans;
    if (left !== undefined) left -= freed.bytes;
    if (freed.spans === 0 && freed.bytes === 0) break;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return deleted;
}

/**
 * Refuses a policy that would not be kept, where a project is given one.
 * @throws LoopsmithError `invalid`
 */
export function assertRetention(extra: JsonObject | null | undefined): void {
  const own = extra?.["retention"];
  if (own === undefined || own === null) return;
  const names = isJsonObject(own) ? Object.keys(own) : [];
  const isKnown = names.every((name) => POLICY_KEYS.includes(name));
  if (isJsonObject(own) && isKnown && names.every((name) => own[name] === null || positive(own, name) !== undefined))
    return;
  throw new LoopsmithError("invalid", `extra.retention is ${JSON.stringify(own)}`, {
    hint: 'Give { "max_age_days": 30, "max_bytes": 1000000000 }, one of them or both, as numbers of at least 0.',
  });
}

const POLICY_KEYS: readonly string[] = ["max_age_days", "max_bytes"];

/** The project's own policy, where its `extra.retention` holds one: `{ "max_age_days": 30, "max_bytes": 1e9 }`. */
function policyOf(project: Project, fallback: RetentionPolicy): RetentionPolicy {
  const own = project.extra["retention"];
  if (!isJsonObject(own)) return fallback;
  const maxAgeDays = positive(own, "max_age_days");
  const maxBytes = positive(own, "max_bytes");
  return { ...(maxAgeDays === undefined ? {} : { maxAgeDays }), ...(maxBytes === undefined ? {} : { maxBytes }) };
}

function positive(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
