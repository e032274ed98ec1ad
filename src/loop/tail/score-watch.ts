import type { JsonObject } from "../../model/json.ts";
import type { StandingScore } from "../../model/standing-score.ts";
import type { SweepDeps } from "./sweep.ts";

const EVERY_MS = 60_000;
/** How much of what changed before the last question is asked for again: clocks differ, and answers lag. */
const OVERLAP_MS = 2 * 60_000;

/**
 * Asks which scores people gave, or changed, after their traces were judged or left out, under the keys the loop reads, and starts
 * the next revision of these traces. A verdict says which scores it saw, so it does not matter how often the same is asked,
 * nor whose clock is right; see docs/decisions.
 */
export function scoreWatch(deps: SweepDeps): (now: number) => Promise<void> {
  const { store, platform, loopId, projectId, options, readKeys } = deps;
  const name = `scores/${loopId}`;
  let lastAt = -Infinity;
  return async (now) => {
    if (readKeys.length === 0 || !platform.scoresChanged || !platform.scoredByPeople) return;
    if (now >= lastAt && now - lastAt < EVERY_MS) return;
    const { askedTo, held, heldSince } = readCursor(await store.cursorGet({ name }), now);
    const since = Math.min(askedTo, now) - OVERLAP_MS;
    const changed = new Map(held.map((score) => [keyOf(score), score]));
    const query = { projectId, keys: readKeys, startFrom: now - options.lookbackMs, since };
    for await (const page of platform.scoresChanged(query)) {
      for (const score of page) changed.set(keyOf(score), score);
    }
    const known = await store.ledgerUnseen({ loopId, scores: [...changed.values()] });
    const byPeople = { scores: known.unseen, since: Math.min(since, heldSince) };
    const late = known.unseen.length === 0 ? [] : await platform.scoredByPeople(byPeople);
    const traceIds = late.map(({ traceId }) => traceId);
    const next: ScoreCursor = {
      askedTo: now,
      held: known.held,
      heldSince: known.held.length === 0 ? now : byPeople.since,
    };
    const cursor = { name, value: next as unknown as JsonObject };
    await store.ledgerReopen({ loopId, traceIds, settleMs: options.settleMs, cursor });
    lastAt = now;
  };
}

/** Saved in one transaction with the revisions it led to. */
interface ScoreCursor {
  /** What changed before was asked for. */
  askedTo: number;
  /** Of traces that were being judged; what their verdicts saw is known next time. */
  held: StandingScore[];
  /** The oldest change that may be among them. */
  heldSince: number;
}

/** At first nothing is known, and what is there already will be read with the traces. */
function readCursor(value: JsonObject | null, now: number): ScoreCursor {
  return { askedTo: now, held: [], heldSince: now, ...(value as Partial<ScoreCursor> | null) };
}

function keyOf({ spanId, key }: StandingScore): string {
  return `${spanId} ${key}`;
}
