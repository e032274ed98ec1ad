import { setTimeout as sleep } from "node:timers/promises";
import { sharedAbort } from "../../internal/shared-abort.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { PatternReport } from "../../model/pattern.ts";
import { HOUR_MS } from "../../pattern/hour-bucket.ts";
import { withDefaults, type SearchSettings } from "../../pattern/mine-patterns.ts";
import { answerAllAsync, type CountRequest } from "../../pattern/mine/count-request.ts";
import { decodeMessage, encodeMessage } from "../../pattern/mine/message.ts";
import { report } from "../../pattern/mine/report.ts";
import { answerFromShares, type ShareAnswer } from "../../pattern/mine/shared-count.ts";
import type { BucketPart } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";
import type { LoopCodebook } from "./loop-codebook.ts";
import { serveShares } from "./serve-shares.ts";

export interface MineSharedOptions {
  /** Pieces the window is cut into, each held by one process at a time. */
  shares: number;
  settings?: SearchSettings;
  signal?: AbortSignal;
  /** Whether this process holds shares too, so that the search also ends where nobody else does. @default true */
  serve?: boolean;
  /** Longest wait for the answer to one question, in ms. @default 120_000 */
  answerMs?: number;
}

/** When a search is void whose asker died. */
const PATIENCE_MS = 30_000;

/**
 * The patterns of a stretch of time whose bitmaps lie in several processes: every process that serves shares of this database
 * holds some, and this one asks for counts and adds them up. The report is that of a single process, to the last digit.
 *
 * @throws LoopsmithError `timeout` when a share's answer does not come
 */
export async function mineShared(
  store: Store,
  loopId: string,
  codebook: LoopCodebook,
  stretch: { from: number; to: number },
  options: MineSharedOptions,
): Promise<PatternReport> {
  const { shares, settings = {}, signal, serve = true, answerMs = 120_000 } = options;
  const id = newId();
  const parts = await store.bucketList({ loopId, ...stretch });
  const search = { id, patienceMs: PATIENCE_MS };
  await store.miningOpen({
    ...search,
    loopId,
    codebookId: codebook.stored.id,
    shares: cutStretch(parts, stretch, shares),
  });
  const stop = sharedAbort();
  let trouble: unknown = null;
  const serving = serve
    ? serveShares(store, { signal: stop.signal, limit: shares, onError: (error) => (trouble = error) })
    : null;
  let asked = 0;
  const askShares = async (request: CountRequest): Promise<ShareAnswer[]> => {
    asked += 1;
    await store.miningAsk({ ...search, asked, question: encodeMessage(request) });
    const giveUpAt = store.now() + answerMs;
    for (let napMs = 2; ; napMs = Math.min(25, napMs + 1)) {
      const answers = await store.miningCollect({ ...search, asked });
      if (typeof answers !== "number") return answers.map((bytes) => decodeMessage(bytes) as ShareAnswer);
      signal?.throwIfAborted();
      if (store.now() > giveUpAt) {
        throw new LoopsmithError("timeout", `${answers} of ${shares} shares of the window did not answer`, {
          hint: "Start more `loopsmith worker`s: each holds a few shares of a large window in memory.",
          ...(trouble !== null && { cause: trouble }),
        });
      }
      await sleep(napMs);
    }
  };
  try {
    const computation = report(codebook.codebook, withDefaults({ window: stretch, ...settings }));
    return await answerAllAsync(computation, (request) => answerFromShares(request, askShares));
  } finally {
    await store.miningClose({ id });
    stop.abort();
    await serving;
  }
}

/** A stretch in pieces of about as many runs each, in order of time and cut between hours. */
function cutStretch(
  parts: readonly BucketPart[],
  { from, to }: { from: number; to: number },
  shares: number,
): { from: number; to: number }[] {
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  const cuts: number[] = [];
  let seen = 0;
  for (const { hour, rows } of parts) {
    seen += rows;
    const end = hour + HOUR_MS;
    if (end >= to || end <= (cuts.at(-1) ?? from)) continue;
    if (cuts.length < shares - 1 && seen >= (total * (cuts.length + 1)) / shares) cuts.push(end);
  }
  return [from, ...cuts].map((start, index) => ({ from: start, to: cuts[index] ?? to }));
}
