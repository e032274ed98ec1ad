import type { Verdict } from "../../model/verdict.ts";
import type { CanaryOutcome, CanaryState } from "../../remedy/canary.ts";
import { CANARY_KEY, readCanaryTag } from "../../remedy/canary-tag.ts";
import type { Store } from "../../store/store.ts";

const PAGE = 5_000;
/** Verdicts are heard this long after they were made, so that one committed a little later is not passed over. */
const SETTLED_MS = 2_000;
/** A trace that is judged later than this after its start is not heard. */
const LATEST_MS = 24 * 3_600_000;
const FEATURE = `metadata.${CANARY_KEY}`;

export interface HeardOutcomes {
  /** In the order in which they were decided. */
  outcomes: CanaryOutcome[];
  /** Verdicts up to this time (epoch ms) are in them or were before. */
  heardUntil: number;
}

/** What the loop has decided on a canary's tagged traces since it was last asked. */
export async function canaryOutcomes(store: Store, loopId: string, canary: CanaryState): Promise<HeardOutcomes> {
  const heardUntil = Math.max(canary.heardUntil, store.now() - SETTLED_MS);
  const found: Verdict[] = [];
  const from = canary.heardUntil - LATEST_MS;
  for (let offset = 0; ; offset += PAGE) {
    const page = await store.verdictList({ loopId, from, outcomes: ["pass", "fail"], limit: PAGE, offset });
    found.push(...page.filter(({ decidedAt }) => decidedAt > canary.heardUntil && decidedAt <= heardUntil));
    if (page.length < PAGE) break;
  }
  const outcomes = found
    .sort((a, b) => a.decidedAt - b.decidedAt || (a.id < b.id ? -1 : 1))
    .flatMap(({ features, outcome, decidedAt }): CanaryOutcome[] => {
      const tag = readCanaryTag(canary.id, features[FEATURE]);
      return tag ? [{ ...tag, failed: outcome === "fail", at: decidedAt }] : [];
    });
  return { outcomes, heardUntil };
}
