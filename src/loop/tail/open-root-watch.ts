import { enrol, type SweepDeps } from "./sweep.ts";

const EVERY_MS = 10 * 60_000;
/** The first question comes this long after a root was first seen open, every next one three times as long after that. */
const FIRST_MS = 30 * 60_000;
const GROWTH = 3;
const CAP_MS = 24 * 3_600_000;
const MAX_OPEN = 100_000;

/**
 * Asks by id for roots that stay open: their end may have been written down late, when nothing looks for it any more.
 * Most never end (their process died), so each is asked for ever less often.
 */
export function openRootWatch(deps: SweepDeps): (now: number) => Promise<void> {
  const { store, platform, loopId, projectId } = deps;
  let waiting = new Map<string, { askAt: number; everyMs: number }>();
  let lastAt = -Infinity;
  return async (now) => {
    if (now >= lastAt && now - lastAt < EVERY_MS) return;
    const open = await store.ledgerOpen({ loopId, limit: MAX_OPEN });
    const known = waiting;
    waiting = new Map(open.map((id) => [id, known.get(id) ?? { askAt: now + FIRST_MS, everyMs: FIRST_MS }]));
    const due = open.filter((id) => now >= (waiting.get(id)?.askAt ?? Infinity));
    if (due.length > 0) {
      const heads = await platform.traceHeadsById({ projectId, traceIds: due });
      await enrol(
        deps,
        heads.filter(({ rootEndAt }) => rootEndAt !== null),
      );
    }
    for (const id of due) {
      const everyMs = Math.min((waiting.get(id)?.everyMs ?? FIRST_MS) * GROWTH, CAP_MS);
      waiting.set(id, { askAt: now + everyMs, everyMs });
    }
    lastAt = now;
  };
}
