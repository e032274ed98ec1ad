import type { AlertInput } from "../model/alert.ts";
import type { IssueEvent } from "../model/issue.ts";
import type { Store } from "../store/store.ts";

/** What happened in a loop between two evaluations of its alert rules, by the time the verdicts were made. */
export async function alertInput(
  store: Store,
  loopId: string,
  range: { from: number; to: number },
  patterns: readonly IssueEvent[],
): Promise<AlertInput> {
  const [verdicts, ledger] = await Promise.all([
    store.verdictTally({ loopId, decidedFrom: range.from, decidedTo: range.to }),
    store.ledgerCounts({ loopId }),
  ]);
  return {
    traces: { failing: verdicts.fail, total: verdicts.fail + verdicts.pass },
    evaluators: {
      all: { errors: verdicts.error, calls: verdicts.fail + verdicts.pass + verdicts.unscored + verdicts.error },
    },
    lagMs: ledger.oldestDueAt === null ? 0 : Math.max(0, range.to - ledger.oldestDueAt),
    spendUsd: verdicts.usd,
    patterns,
  };
}
