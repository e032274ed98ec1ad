import { newId } from "../../model/id.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { TraceHead } from "../../model/trace.ts";
import { openRootWatch } from "./open-root-watch.ts";
import { scoreWatch } from "./score-watch.ts";
import { enrol, type SweepDeps } from "./sweep.ts";

/**
 * Ages at which a stretch of start times is looked through once more, whether or not anything is known to be missing:
 * traces are shown out of order, and some up to an hour late.
 */
const PASS_AGES_MS = [3 * 60_000, 20 * 60_000, 75 * 60_000] as const;
/** The last of them; what it finds is what later counts are held against. */
const LAST_PASS_MS = PASS_AGES_MS[2];
/** How much of what ended before the last poll is asked for again: clocks differ, and answers lag by seconds. */
const OVERLAP_MS = 20_000;
/** Ages at which an hour's number of traces is compared with what was found. */
const COUNT_AGES_MS = [3 * 3_600_000, 24 * 3_600_000] as const;
const HOUR_MS = 3_600_000;
/** One of several workers tails; another takes over when it has not been heard of for this long. */
const LEASE_MS = 30_000;
/** Heads remembered, so that what was enrolled a moment ago is not written again. */
const REMEMBERED = 20_000;

/** Where tailing stands: saved in one transaction with the rows it speaks of. */
interface TailCursor {
  /** What ended before was asked for. */
  endedTo: number;
  /** By pass: what started before was looked through at that age. */
  lookedTo: number[];
  /** Traces found in each hour of start times by the last pass, and how many of the counts were compared. */
  hours: Record<string, { found: number; compared: number }>;
}

export interface Tail {
  /** One poll. What fails is asked for again by the next one. */
  poll(): Promise<void>;
  /** Lets another worker tail at once. */
  close(): Promise<void>;
}

/**
 * Follows a platform that reports no changes, with one request a poll where traffic allows: what ended since the last poll,
 * and the stretches of start times that just came of age for another look, in one query. Roots that stay open are asked for
 * by id, ever less often; hours that are over are held against the platform's own counts and listed again where these
 * differ. Any poll may be repeated, and any worker may make the next one.
 */
export function createTail(deps: SweepDeps): Tail {
  const { store, platform, loopId, projectId, options } = deps;
  const name = `tail/${loopId}`;
  const holder = newId();
  const watchOpen = openRootWatch(deps);
  const watchScores = scoreWatch(deps);
  const remembered = new Map<string, number>();

  /** Takes or keeps the lease; `false` while another worker tails. */
  async function lead(leaseMs: number): Promise<boolean> {
    const now = store.now();
    const lease = await store.cursorUpdate({
      name: `${name}/lease`,
      update: (current) => {
        const until = Number(current?.["until"] ?? 0);
        // A lease that lasts longer than any does is one of a clock that was set back.
        const isTheirs = current?.["holder"] !== holder && until > now && until <= now + LEASE_MS;
        return isTheirs ? (current as JsonObject) : { holder, until: now + leaseMs };
      },
    });
    return lease["holder"] === holder;
  }

  async function list(query: { startFrom: number; changedFrom?: number; started?: Stretch[] }): Promise<TraceHead[]> {
    const found = new Map<string, TraceHead>();
    for await (const page of platform.traceHeads({ projectId, ...query })) {
      for (const head of page) found.set(head.traceId, head);
    }
    return [...found.values()];
  }

  /** Writes down what is new together with the cursor. */
  async function enter(heads: readonly TraceHead[], cursor: TailCursor): Promise<void> {
    const fresh = heads.filter((head) => remembered.get(head.traceId) !== (head.rootEndAt ?? 0));
    await enrol(deps, fresh, { cursor: { name, value: cursor as unknown as JsonObject } });
    for (const { traceId, rootEndAt } of fresh) {
      remembered.delete(traceId);
      remembered.set(traceId, rootEndAt ?? 0);
    }
    for (const [oldest] of remembered) {
      if (remembered.size <= REMEMBERED) break;
      remembered.delete(oldest);
    }
  }

  async function look(now: number, before: TailCursor | null): Promise<TailCursor> {
    const startFrom = now - options.lookbackMs;
    // After a long stop, or a clock set back, it begins anew.
    const isNew = before === null || before.endedTo < startFrom || before.endedTo > now;
    const ages = PASS_AGES_MS.map((age) => Math.min(age, options.lookbackMs));
    const from = isNew ? ages.map(() => startFrom) : before.lookedTo;
    const lookedTo = ages.map((age, pass) => Math.max(from[pass] ?? startFrom, now - age));
    const started = lookedTo
      .map((to, pass) => ({ from: from[pass] ?? startFrom, to }))
      .filter(({ from, to }) => to > from);
    const heads = isNew
      ? await list({ startFrom })
      : await list({ startFrom, changedFrom: before.endedTo - OVERLAP_MS, started });
    const hours = { ...before?.hours };
    const [lastFrom, lastTo] = [from.at(-1) ?? startFrom, lookedTo.at(-1) ?? startFrom];
    for (const { startAt } of heads) {
      if (startAt < lastFrom || startAt >= lastTo) continue;
      const hour = String(Math.floor(startAt / HOUR_MS) * HOUR_MS);
      hours[hour] = { compared: 0, ...hours[hour], found: (hours[hour]?.found ?? 0) + 1 };
    }
    const cursor = { endedTo: now, lookedTo, hours };
    await enter(heads, cursor);
    return cursor;
  }

  /** One hour a poll at most, so that catching up leaves room for what is new. */
  async function compareCounts(now: number, cursor: TailCursor): Promise<void> {
    if (!platform.traceCount) return;
    for (const [hour, { found, compared }] of Object.entries(cursor.hours)) {
      const [from, to] = [Number(hour), Number(hour) + HOUR_MS];
      const age = COUNT_AGES_MS[compared];
      if (age === undefined || now < to + Math.max(age, LAST_PASS_MS)) continue;
      const hours = { ...cursor.hours };
      const isLast = compared + 1 === COUNT_AGES_MS.length;
      let heads: TraceHead[] = [];
      if ((await platform.traceCount({ projectId, from, to })) !== found) {
        for await (const page of platform.traceHeads({ projectId, startFrom: from, startTo: to })) {
          heads = heads.concat(page.filter(({ startAt }) => startAt < to));
        }
        hours[hour] = { found: heads.length, compared: compared + 1 };
      } else hours[hour] = { found, compared: compared + 1 };
      if (isLast) delete hours[hour];
      return enter(heads, { ...cursor, hours });
    }
  }

  return {
    async poll() {
      if (!(await lead(LEASE_MS))) return;
      const now = store.now();
      const cursor = await look(now, readCursor(await store.cursorGet({ name })));
      await compareCounts(now, cursor);
      await watchOpen(now);
      await watchScores(now);
    },
    async close() {
      await lead(0);
    },
  };
}

type Stretch = { from: number; to: number };

/** What an older version or a stranger wrote counts as nothing: everything is looked through again. */
function readCursor(value: JsonObject | null): TailCursor | null {
  const cursor = value as unknown as TailCursor | null;
  const isCursor =
    cursor !== null &&
    typeof cursor.endedTo === "number" &&
    Array.isArray(cursor.lookedTo) &&
    cursor.lookedTo.length === PASS_AGES_MS.length &&
    isJsonObject(cursor.hours);
  return isCursor ? cursor : null;
}
