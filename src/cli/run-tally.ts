import type { FeedbackLoop } from "../loop.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Verdict, VerdictOutcome } from "../model/verdict.ts";

/** What a loop did since it is listened to. */
export interface RunTally {
  outcomes: Record<VerdictOutcome, number>;
  failures: { traceId: string; attribution: Verdict["attribution"] }[];
  /** Why evaluators failed on traces, by how many said so. */
  problems: Map<string, number>;
  /** Deliveries made, by kind of action. */
  delivered: Map<string, number>;
}

/** Counts from now on what the loop judges and delivers, conversations too. */
export function tallyOf(loop: Pick<FeedbackLoop, "on">): RunTally {
  const tally: RunTally = {
    outcomes: { pass: 0, fail: 0, unscored: 0, error: 0 },
    failures: [],
    problems: new Map(),
    delivered: new Map(),
  };
  const note = (verdict: Verdict): void => {
    const { outcome, traceId, attribution, comment } = verdict;
    tally.outcomes[outcome] += 1;
    if (outcome === "fail") tally.failures.push({ traceId, attribution });
    if (outcome === "error") countOne(tally.problems, comment ?? "no reason was given");
  };
  loop.on("trace:judged", ({ verdict }) => note(verdict));
  loop.on("conversation:judged", ({ verdict }) => note(verdict));
  loop.on("delivery:delivered", ({ delivery }: { delivery: Delivery }) =>
    countOne(tally.delivered, delivery.action.action),
  );
  return tally;
}

function countOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
