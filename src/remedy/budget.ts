import { LoopsmithError } from "../model/errors.ts";
import type { ExperimentJournal } from "./experiment-journal.ts";

/** Money set aside for one call. */
export interface BudgetReservation {
  /** Replaces what was set aside by what the call cost. Once only. */
  settle(usd: number): void;
}

/** What a remedy may spend. Paid calls reserve their greatest cost first, so the sum cannot be overshot. */
export interface RemedyBudget {
  /** @throws LoopsmithError `budget_exhausted` when it would go over the limit */
  reserve(maxUsd: number): BudgetReservation;
  /** Counts money spent before, as a journal remembers it. */
  charge(usd: number): void;
  readonly spentUsd: number;
  /** Spent, and set aside by calls in flight. */
  readonly committedUsd: number;
  readonly maxUsd: number;
}

/** A budget in this process. @param maxUsd default: no limit */
export function createBudget(maxUsd = Number.POSITIVE_INFINITY): RemedyBudget {
  let spent = 0;
  let reserved = 0;
  return {
    maxUsd,
    get spentUsd() {
      return spent;
    },
    get committedUsd() {
      return spent + reserved;
    },
    charge(usd) {
      spent += usd;
    },
    reserve(usd) {
      // Sums of cents are not exact in binary; a limit is not missed for a millionth of a cent.
      if (spent + reserved + usd > maxUsd + 1e-9) {
        throw new LoopsmithError(
          "budget_exhausted",
          `The budget of $${maxUsd} has $${(maxUsd - spent - reserved).toFixed(4)} left and the next call may cost $${usd}.`,
          { hint: "Raise the remedy's budget and run it again; nothing paid for is paid twice." },
        );
      }
      reserved += usd;
      let open = true;
      return {
        settle(cost) {
          if (!open) return;
          open = false;
          reserved -= usd;
          spent += cost;
        },
      };
    },
  };
}

/** A budget that has paid already for what a journal remembers, calls in flight at a crash included. */
export async function budgetAfter(
  journal: Pick<ExperimentJournal, "spentUsd">,
  maxUsd?: number,
): Promise<RemedyBudget> {
  const budget = createBudget(maxUsd);
  budget.charge(await journal.spentUsd());
  return budget;
}

/** A part of a budget with a limit of its own. What it pays counts for both; `charge` counts for the part alone. */
export function budgetWithin(whole: RemedyBudget, maxUsd: number): RemedyBudget {
  const part = createBudget(maxUsd);
  return {
    maxUsd,
    get spentUsd() {
      return part.spentUsd;
    },
    get committedUsd() {
      return part.committedUsd;
    },
    charge: (usd) => part.charge(usd),
    reserve(usd) {
      const own = part.reserve(usd);
      try {
        const shared = whole.reserve(usd);
        return {
          settle(cost) {
            own.settle(cost);
            shared.settle(cost);
          },
        };
      } catch (error) {
        own.settle(0);
        throw error;
      }
    },
  };
}
