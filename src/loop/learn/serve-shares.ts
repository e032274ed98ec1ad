import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../../model/id.ts";
import { encodeBucket } from "../../pattern/bucket-bytes.ts";
import { startCounter } from "../../pattern/counter.ts";
import type { MiningShare } from "../../store/resource/mining.ts";
import type { Store } from "../../store/store.ts";
import { readLoopCodebook } from "./loop-codebook.ts";
import { readStretch } from "./stretch.ts";

/** How long a share of a dead process waits for another one. */
const LEASE_MS = 10_000;
/** Between two looks for the next question: short, since a search asks dozens of them. */
const QUESTION_MS = 4;
/** After this many looks without a question they come further apart. */
const EAGER_LOOKS = 250;
const CALM_MS = 50;
/** Others get a chance to take the next share. */
const BETWEEN_CLAIMS_MS = 200;

export interface ServeSharesOptions {
  signal: AbortSignal;
  /** Shares held at the same time; each takes the memory of its bitmaps. @default 4 */
  limit?: number;
  /** Between two looks for a search, in ms. @default 1_000 */
  idleMs?: number;
  onError: (error: unknown) => void;
}

/** Holds shares of searches and answers for them, until `signal` aborts. */
export async function serveShares(store: Store, options: ServeSharesOptions): Promise<void> {
  const { signal, limit = 4, idleMs = 1_000, onError } = options;
  const held = new Set<Promise<void>>();
  while (!signal.aborted) {
    const leaseToken = newId();
    const share = held.size < limit ? await store.miningClaim({ leaseToken, leaseMs: LEASE_MS }).catch(report) : null;
    if (share) {
      const serving: Promise<void> = serveShare(store, share, leaseToken, signal)
        .catch(report)
        .then(() => void held.delete(serving));
      held.add(serving);
    }
    await sleep(share ? BETWEEN_CLAIMS_MS : idleMs, undefined, { signal }).catch(() => {});
  }
  await Promise.all(held);

  function report(error: unknown): null {
    if (!signal.aborted) onError(error);
    return null;
  }
}

async function serveShare(store: Store, claimed: MiningShare, leaseToken: string, signal: AbortSignal): Promise<void> {
  const { miningId, loopId, share, from, to } = claimed;
  const codebook = await readLoopCodebook(store, loopId);
  // A search in words that are out of date is over; its asker will start another.
  if (codebook?.stored.id !== claimed.codebookId) return;
  const counter = startCounter();
  const holder = { miningId, share, leaseToken, leaseMs: LEASE_MS };
  // Reading and counting can take longer than a lease; a lease that was lost shows at the next question.
  const keeping = setInterval(() => void store.miningNext(holder).catch(() => {}), LEASE_MS / 4);
  try {
    for await (const bucket of readStretch(store, loopId, codebook, { from, to, learned: true })) {
      counter.add("stored" in bucket ? bucket.stored : encodeBucket(bucket.built));
    }
    for (let looks = 0; !signal.aborted; looks += 1) {
      const next = await store.miningNext(holder);
      if (next === "over") return;
      if (next === null) {
        await sleep(looks < EAGER_LOOKS ? QUESTION_MS : CALM_MS);
        continue;
      }
      const answer = await counter.answer(next.question);
      if (!(await store.miningAnswer({ miningId, share, leaseToken, asked: next.asked, answer }))) return;
      looks = 0;
    }
  } finally {
    clearInterval(keeping);
    await counter.close();
  }
}
