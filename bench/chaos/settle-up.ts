import { loopIdOf } from "../../src/model/id.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { chaosLoop, fails, PROJECT, QUEUE } from "./chaos-loop.ts";
import type { ChaosDatabase } from "./start-node.ts";

export interface Account {
  acknowledged: number;
  /** Acknowledged traces that are gone or unjudged, and effects of judged ones that never happened. */
  lost: number;
  /** The lost ones by what they are. */
  missing: { verdicts: number; webhooks: number; queueItems: number; scores: number };
  /** Verdicts, scores, queue items and webhooks (by id, at the receiver) beyond one. */
  doubled: number;
}

const HOUR = 3_600_000;
/** Beyond the whole retry schedule of a delivery. */
const MAX_HOURS = 120;

/**
 * Opens the database again, lets a loop finish everything that is due within the next days (on a clock that is moved on,
 * so that leases of the killed run out and retries come due), and counts what was promised against what is there.
 */
export async function settleUp(params: {
  database: ChaosDatabase;
  receiver: { url: string; ids: ReadonlyMap<string, ReadonlySet<string>> };
  acknowledged: ReadonlySet<string>;
  judge?: string;
}): Promise<Account> {
  const { database, receiver, acknowledged, judge } = params;
  let ahead = HOUR;
  const now = (): number => Date.now() + ahead;
  await using store =
    "path" in database ? await sqliteStore({ ...database, now }) : await postgresStore({ ...database, now });
  await using loop = chaosLoop({ client: { store, subscribe: () => () => {} }, receiver: receiver.url, judge });
  for (; ahead < MAX_HOURS * HOUR; ahead += HOUR) {
    await loop.backfill({ since: new Date(0) });
    const { traces } = await loop.status();
    const pending = await loop.deliveries({ states: ["pending"], limit: 1 });
    if (pending.length === 0 && traces.settling === 0) break;
  }
  return await takeAccount(store, receiver.ids, acknowledged);
}

/** Counts what was promised against what is there, as it stands. */
export async function takeAccount(
  store: Store,
  webhooks: ReadonlyMap<string, ReadonlySet<string>>,
  acknowledged: ReadonlySet<string>,
): Promise<Account> {
  const loopId = loopIdOf({ name: PROJECT, projectName: PROJECT });
  const everything = 1_000_000;
  const verdicts = await store.verdictList({ loopId, limit: everything });
  const judged = new Map<string, number>();
  for (const { traceId, outcome } of verdicts) {
    if (outcome === "pass" || outcome === "fail") judged.set(traceId, (judged.get(traceId) ?? 0) + 1);
  }
  const queue = await store.queueEnsure({ name: QUEUE });
  const items = new Map<string, number>();
  for (const { runId } of await store.queueItemList({ queueId: queue.id, limit: everything, offset: 0 })) {
    items.set(runId, (items.get(runId) ?? 0) + 1);
  }
  const missing = { verdicts: 0, webhooks: 0, queueItems: 0, scores: 0 };
  let doubled = 0;
  for (const id of acknowledged) if (!judged.has(id)) missing.verdicts += 1;
  for (const [id, count] of judged) {
    doubled += count - 1;
    if (!fails(id)) continue;
    const [hooks, queued] = [webhooks.get(id)?.size ?? 0, items.get(id) ?? 0];
    if (hooks === 0) missing.webhooks += 1;
    if (queued === 0) missing.queueItems += 1;
    doubled += Math.max(0, hooks - 1) + Math.max(0, queued - 1);
  }
  // An effect without a verdict would be one of a decision that was never made.
  for (const id of webhooks.keys()) if (!judged.has(id)) doubled += 1;
  const stats = await store.feedbackStats({ runIds: [...judged.keys()] });
  for (const id of judged.keys()) {
    const scores = stats.get(id)?.["ok"]?.n ?? 0;
    if (scores === 0) missing.scores += 1;
    doubled += Math.max(0, scores - 1);
  }
  const lost = Object.values(missing).reduce((sum, count) => sum + count, 0);
  return { acknowledged: acknowledged.size, lost, missing, doubled };
}
