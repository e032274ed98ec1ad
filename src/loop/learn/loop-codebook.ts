import type { FeatureRow } from "../../model/pattern.ts";
import { buildCodebook, codebookDocument, isUnfamiliar, readCodebook } from "../../pattern/codebook.ts";
import type { Codebook } from "../../pattern/codebook.ts";
import { codebookId, HOUR_MS } from "../../pattern/hour-bucket.ts";
import type { BucketPart, CodebookRow } from "../../store/resource/bucket.ts";
import type { Store } from "../../store/store.ts";

/** A codebook as it is stored, and as the miner wants it. */
export interface LoopCodebook {
  stored: CodebookRow;
  codebook: Codebook;
}

/** The newest runs a codebook is made from, at most. */
const SAMPLE = 20_000;
/** Until then a codebook is made again whenever this share of its runs has come on top. */
const GROWTH = 0.25;
/** How often cuts follow the data, and how often at most new words are taken up. */
const CUTS_MS = 24 * HOUR_MS;
const WORDS_MS = HOUR_MS;

export async function readLoopCodebook(store: Store, loopId: string): Promise<LoopCodebook | null> {
  const stored = await store.codebookGet({ loopId });
  return stored && { stored, codebook: readCodebook(stored.document) };
}

/**
 * Whether to make a new codebook: there is none, the loop has grown, a day has passed, or runs speak of features and values it
 * does not know. `since` counts the runs learned with it. A new codebook costs a rebuild of the hours that are mined.
 */
export function isOutgrown(
  { stored, codebook }: LoopCodebook,
  { since, rows, now }: { since: number; rows: readonly FeatureRow[]; now: number },
): boolean {
  const age = now - stored.createdAt;
  if (stored.rows < SAMPLE && since >= GROWTH * stored.rows) return true;
  if (age >= CUTS_MS && since > 0) return true;
  return age >= WORDS_MS && isUnfamiliar(codebook, rows);
}

/** A codebook of the loop's newest runs, those that no bucket knows of included. */
export async function makeLoopCodebook(store: Store, loopId: string): Promise<LoopCodebook> {
  const newest = await store.verdictNewest({ loopId, limit: SAMPLE });
  const codebook = buildCodebook(newest.map(({ row }) => row));
  const stored: CodebookRow = {
    id: codebookId(codebook),
    document: codebookDocument(codebook),
    rows: newest.length,
    createdAt: store.now(),
  };
  return { stored, codebook };
}

/** Whether parts say everything their hour has, in this codebook. */
export function areCurrent(parts: readonly BucketPart[], { stored }: LoopCodebook): boolean {
  return parts.length > 0 && parts.every(({ codebookId }) => codebookId === stored.id);
}
