import type { AlertInput } from "../../model/alert.ts";
import type { IssueEvent } from "../../model/issue.ts";
import type { Json } from "../../model/json.ts";
import type { Store } from "../../store/store.ts";

/**
 * What happened in a loop between two moments, by the time the verdicts were made: what its alert rules read. `patterns` and the
 * lag are only known as it happens; leave them out for the past. Every evaluator is taken to be called once for each verdict.
 */
export async function alertInput(
  store: Store,
  loopId: string,
  range: { from: number; to: number },
  now?: { patterns: readonly IssueEvent[] },
): Promise<AlertInput> {
  const [verdicts, names, ledger] = await Promise.all([
    store.verdictTally({ loopId, decidedFrom: range.from, decidedTo: range.to }),
    evaluatorNames(store, loopId),
    now ? store.ledgerCounts({ loopId }) : null,
  ]);
  const calls = verdicts.fail + verdicts.pass + verdicts.unscored + verdicts.error;
  return {
    traces: { failing: verdicts.fail, total: verdicts.fail + verdicts.pass },
    evaluators: Object.fromEntries(names.map((name) => [name, { errors: verdicts.failedCalls[name] ?? 0, calls }])),
    spendUsd: verdicts.usd,
    ...(ledger && { lagMs: ledger.oldestDueAt === null ? 0 : Math.max(0, range.to - ledger.oldestDueAt) }),
    ...now,
  };
}

async function evaluatorNames(store: Store, loopId: string): Promise<string[]> {
  const loop = (await store.loopList()).find(({ id }) => id === loopId);
  const evaluators = (loop?.config["evaluators"] ?? []) as readonly Json[];
  return evaluators.flatMap((evaluator) => {
    const name = typeof evaluator === "object" && evaluator !== null && "name" in evaluator ? evaluator["name"] : null;
    return typeof name === "string" ? [name] : [];
  });
}
