import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { budgetAfter, createBudget } from "./budget.ts";
import type { BudgetReservation } from "./budget.ts";
import { memoryJournal } from "./experiment-journal.ts";

test("is never overshot, whatever is reserved and settled in whatever order", () => {
  const step = fc.record({
    reserve: fc.integer({ min: 0, max: 40 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    pick: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const budget = createBudget(1);
      const open: { reservation: BudgetReservation; usd: number }[] = [];
      for (const { reserve, share, pick } of steps) {
        try {
          open.push({ reservation: budget.reserve(reserve / 100), usd: reserve / 100 });
        } catch (error) {
          expect(LoopsmithError.isInstance(error) && error.code).toBe("budget_exhausted");
          expect(budget.committedUsd + reserve / 100).toBeGreaterThan(1);
        }
        const settled = share > 0.5 ? open.splice(pick % Math.max(1, open.length), 1)[0] : undefined;
        settled?.reservation.settle(settled.usd * share);
        settled?.reservation.settle(5);
        expect(budget.committedUsd).toBeLessThanOrEqual(1 + 1e-9);
      }
    }),
  );
});

test("starts with what the journal remembers, calls that never came back at their greatest cost", async () => {
  const journal = memoryJournal();
  await journal.reserve("a", 0.4);
  await journal.settle("a", {}, 0.1);
  await journal.reserve("b", 0.4);
  const budget = await budgetAfter(journal, 0.6);
  expect(budget.spentUsd).toBeCloseTo(0.5);
  expect(() => budget.reserve(0.2)).toThrow(/has \$0\.1000 left/);
});
