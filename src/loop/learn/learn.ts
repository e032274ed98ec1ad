import type { Delivery } from "../../model/delivery.ts";
import type { FollowedPattern, IssueEvent } from "../../model/issue.ts";
import type { JsonObject } from "../../model/json.ts";
import type { LifeOptions } from "../../pattern-life/life-options.ts";
import type { BucketChanges } from "../../store/resource/bucket.ts";
import { absorb } from "./absorb.ts";
import { addLate, countWindow } from "./count-windows.ts";
import type { LoopEmitter } from "../events.ts";
import { evaluateRules, updateClusterSize, type RuleDeps } from "./evaluate-rules.ts";
import { followMined } from "./follow-mined.ts";
import { alertDeliveries } from "../loop-alerts.ts";
import { learnablePages } from "./hourly-buckets.ts";
import { readLearnState } from "./learn-state.ts";
import { readLoopCodebook } from "./loop-codebook.ts";
import { createPatternWindow, type PatternWindow } from "./pattern-window.ts";
import { rebuildHours } from "./rebuild-hours.ts";

export interface LearnOptions {
  /** Length of the windows in which followed patterns are counted. @default 1 h */
  windowMs?: number;
  /** What is mined for new patterns at the end of each window. @default 24 h */
  mineMs?: number;
  /** How long after its end a window waits before it is counted; what comes later is counted with the next one. @default 5 min */
  graceMs?: number;
  /** How states are decided; see docs/issues.md. */
  life?: LifeOptions;
}

export interface LearnDeps extends RuleDeps {
  emitter: LoopEmitter;
  options: LearnOptions;
  /** Kept from round to round, so that only what changed is read again. @default a fresh one */
  window?: PatternWindow;
}

const HOUR = 3_600_000;
const DEFAULTS = { windowMs: HOUR, mineMs: 24 * HOUR, graceMs: 5 * 60_000 };
/** Windows caught up at once after a long stop; older ones stay uncounted rather than late. */
const MAX_CATCH_UP = 24 * 14;

/**
 * One round of learning: takes new verdicts into the hourly buckets, counts every window that has closed since the last round
 * for the issues followed, mines the buckets for new patterns, evaluates the alert rules, and writes all of it, with the
 * deliveries it leads to, in one transaction (one more for each few thousand verdicts taken in, and for each hour whose bucket is
 * made anew). When another worker was
 * faster, nothing is written.
 *
 * @param now with `mineNow` also the end of a last, open window: what a finite run wants to know at its end
 */
export async function learn(deps: LearnDeps, { mineNow = false }: { mineNow?: boolean } = {}): Promise<IssueEvent[]> {
  const { store, loopId, window = createPatternWindow(store, loopId) } = deps;
  const { windowMs, mineMs, graceMs, life: given } = { ...DEFAULTS, life: {}, ...deps.options };
  const now = store.now();
  const stored = await store.learningGet({ loopId });
  let version = stored.version;
  const state = readLearnState(stored.state);
  const life = { clusterSize: await updateClusterSize(state, deps, now), ...given };
  let issues = await store.issueList({ loopId });
  const before = new Map(issues.map((issue) => [issue.id, issue]));
  const events: IssueEvent[] = [];

  const record = async (
    changed: readonly FollowedPattern[],
    buckets: BucketChanges,
    deliveries: readonly Delivery[] = [],
  ): Promise<boolean> => {
    const written = await store.learningRecord({
      loopId,
      version,
      state: state as unknown as JsonObject,
      issues: changed,
      buckets,
      deliveries,
    });
    version += 1;
    return written;
  };

  for (let changes; (changes = await absorb(store, loopId, state.sinceCodebook)) !== null;) {
    state.sinceCodebook = changes.codebook ? 0 : state.sinceCodebook + changes.learned.length;
    state.late = addLate(state.late, issues, changes.learned);
    if (!(await record([], changes))) return [];
  }

  const lastClosed = Math.floor((now - graceMs) / windowMs) * windowMs;
  const firstOpen = Math.max(state.observedTo ?? lastClosed, lastClosed - MAX_CATCH_UP * windowMs);
  for (let from = firstOpen; from < lastClosed; from += windowMs) {
    const closed = { from, to: from + windowMs };
    const pages = learnablePages(store, loopId, { ...closed, learned: true });
    const step = await countWindow(issues, pages, closed, state.late, life);
    state.late = {};
    issues = step.issues;
    events.push(...step.events);
  }
  state.observedTo = Math.max(state.observedTo ?? 0, lastClosed);

  const mineTo = mineNow ? now : lastClosed;
  const codebook = await readLoopCodebook(store, loopId);
  if (mineNow || state.minedTo === null || mineTo > state.minedTo) {
    if (codebook) {
      const stretch = { from: mineTo - mineMs, to: mineTo + (mineNow ? 1 : 0) };
      for await (const write of rebuildHours(store, loopId, codebook, stretch)) {
        if (!(await record([], { writes: [write], learned: [] }))) return [];
      }
      const report = await window.mine(codebook, stretch, { learned: true });
      const mined = await followMined(store, issues, report.patterns, { ...stretch, loopId }, life);
      issues = mined.issues;
      events.push(...mined.events);
    }
    state.minedTo = mineTo;
  }

  const notifications = await evaluateRules(state, { ...deps, now, events });
  const recorded = await record(
    issues.filter((issue) => before.get(issue.id) !== issue),
    { writes: [], learned: [] },
    await alertDeliveries(store, loopId, notifications, now),
  );
  if (!recorded) return [];
  for (const event of events) {
    deps.emitter.emit("pattern:changed", { event });
    if (event.type === "pattern:new" || event.type === "pattern:regressed") deps.emitter.emit(event.type, { event });
  }
  for (const notification of notifications) deps.emitter.emit("alert:notified", { notification });
  return events;
}
