/** An amount of what a budget counts. US dollars in millionths, so that sums are exact. */
export interface BudgetAmount {
  calls: number;
  tokens: number;
  usdMicros: number;
}

export interface BudgetEntry {
  /** What the budget is for: loop, evaluator and length of the window. */
  key: string;
  /** Epoch ms the window began. */
  windowStart: number;
  amount: BudgetAmount;
  /** What the window may hold; a missing part is unlimited. */
  limit: Partial<BudgetAmount>;
}

export interface BudgetUse extends BudgetAmount {
  key: string;
  windowStart: number;
}

export interface BudgetStore {
  /**
   * Takes the amounts from every budget, or from none. Atomic across workers, so that a budget is never overshot.
   * Returns the key of the first budget that said no, or `null`.
   */
  budgetReserve(params: { entries: readonly BudgetEntry[] }): Promise<string | null>;
  /** Gives back what a call did not use (negative parts: what it used beyond). */
  budgetRefund(params: { entries: readonly Omit<BudgetEntry, "limit">[] }): Promise<void>;
  /** What the windows that hold `at` (or began later) have used. */
  budgetUse(params: { keys: readonly string[]; from: number }): Promise<BudgetUse[]>;
}
