import type { LoopRow } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";
import { budgetKey, windowStart, type Budget } from "./judge/budget.ts";

/** A budget of a loop, and what its present window has used. What traces in hand have reserved counts as used. */
export interface BudgetStanding {
  budget: Budget;
  /** Epoch ms the window began. */
  since: number;
  calls: number;
  tokens: number;
  usd: number;
}

export function loopBudgets(store: Store, loopId: string, budgets: readonly Budget[]): Promise<BudgetStanding[]> {
  return Promise.all(
    budgets.map(async (budget) => {
      const since = windowStart(store.now(), budget.per);
      const uses = await store.budgetUse({ keys: [budgetKey(loopId, budget)], from: since });
      const use = uses.find((one) => one.windowStart === since);
      return { budget, since, calls: use?.calls ?? 0, tokens: use?.tokens ?? 0, usd: (use?.usdMicros ?? 0) / 1e6 };
    }),
  );
}

/** The budgets a loop last ran with, for those that read its database without its file. */
export function budgetsOf({ config }: Pick<LoopRow, "config">): Budget[] {
  return (config["budgets"] ?? []) as unknown as Budget[];
}
