import type { Evaluator } from "../../evaluator/evaluator.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { Score } from "../../model/score.ts";
import type { BudgetAmount, BudgetEntry } from "../../store/resource/budget.ts";
import type { Store } from "../../store/store.ts";

/** A hard limit on what evaluators may cost in a window. What does not fit is deferred to the next window, never dropped. */
export interface Budget {
  /** The evaluator it is for, by name. @default all of the loop's evaluators together */
  evaluator?: string;
  /** Windows begin on the hour, at midnight, or on the first of the month, UTC. */
  per: "hour" | "day" | "month";
  /** Calls of evaluators. @default no limit */
  calls?: number;
  /** Tokens, reserved as evaluators declare and settled as they report. @default no limit */
  tokens?: number;
  /** US dollars, likewise. @default no limit */
  usd?: number;
}

/** What was taken for one trace, to be settled when its evaluators are done. */
export interface Reservation {
  entries: BudgetEntry[];
  calls: Calls;
  /**
   * To be called before each call. A call that waited for its turn until the window was over is not what was reserved.
   * @throws LoopsmithError `budget_exhausted`
   */
  begin(): void;
}

/** What the calls of one evaluator on one trace said that they cost. */
export interface ReportedCost {
  evaluator: string;
  /** Calls that said what they cost. Of the others the most they can cost is taken. */
  calls: number;
  tokens: number;
  usd: number;
}

/** @param results what each call gave */
export function reportedCost(evaluator: string, results: readonly (readonly Score[])[]): ReportedCost {
  const reported: ReportedCost = { evaluator, calls: 0, tokens: 0, usd: 0 };
  for (const scores of results) {
    if (scores.some(({ cost }) => cost !== undefined)) reported.calls += 1;
    for (const { cost } of scores) {
      reported.tokens += cost?.tokens ?? 0;
      reported.usd += cost?.usd ?? 0;
    }
  }
  return reported;
}

/** How often each evaluator is called. */
type Calls = ReadonlyMap<Pick<Evaluator, "name" | "cost">, number>;

export interface Refusal {
  /** Why, in one sentence. */
  reason: string;
  /** Epoch ms the next window begins. */
  resumeAt: number;
}

/** What every refusal begins with. */
const REFUSED = "the budget of ";

/** Whether a trace was deferred for want of budget, by the reason in its row. */
export function isBudgetReason(reason: string): boolean {
  return reason.startsWith(REFUSED);
}

const AMOUNTS = ["calls", "tokens", "usdMicros"] as const;
const NOTHING: BudgetAmount = { calls: 0, tokens: 0, usdMicros: 0 };

/**
 * Takes what judging one trace can cost at most from every budget that concerns it, before the first call. All of it or
 * none, so that no evaluator is paid on a trace another one has no budget for.
 */
export async function reserveBudget(
  store: Store,
  loopId: string,
  budgets: readonly Budget[],
  calls: Calls,
): Promise<Reservation | Refusal> {
  const now = store.now();
  const entries = budgets.map((budget): BudgetEntry => {
    const amount = { ...NOTHING };
    for (const [evaluator, count] of calls) {
      if (!concerns(budget, evaluator)) continue;
      amount.calls += count;
      amount.tokens += count * (evaluator.cost?.tokens ?? 0);
      amount.usdMicros += count * toMicros(evaluator.cost?.usd);
    }
    return {
      key: budgetKey(loopId, budget),
      windowStart: windowStart(now, budget.per),
      amount,
      limit: limitOf(budget),
    };
  });
  const wanted = entries.filter((entry) => entry.amount.calls > 0);
  if (wanted.length === 0) return { entries: [], calls, begin: () => undefined };
  const refused = await store.budgetReserve({ entries: wanted });
  if (refused === null) {
    const concerned = budgets.filter((budget) => wanted.some(({ key }) => key === budgetKey(loopId, budget)));
    const until = Math.min(...concerned.map(({ per }) => windowEnd(now, per)));
    return { entries: wanted, calls, begin: () => assertBefore(until, store.now()) };
  }
  const budget = budgets.find((candidate) => budgetKey(loopId, candidate) === refused);
  const per = budget?.per ?? "hour";
  const { amount, limit } = wanted.find(({ key }) => key === refused) ?? { amount: NOTHING, limit: {} };
  const everFits = AMOUNTS.every((unit) => amount[unit] <= (limit[unit] ?? Infinity));
  const taken = `${amount.calls} calls, ${amount.tokens} tokens, $${amount.usdMicros / 1e6}`;
  const why = everFits
    ? "is used up; resumed in the next window"
    : `does not allow in a whole window what this may take (${taken}); raise it, or judge fewer spans of a trace`;
  return {
    reason: `${REFUSED}${describe(budget)} ${why}`,
    resumeAt: windowEnd(now, per),
  };
}

/** Gives back what the calls did not use, by what each of them reported. One that reported nothing keeps its maximum. */
export async function settleBudget(
  store: Store,
  reservation: Reservation,
  budgets: readonly Budget[],
  loopId: string,
  costs: readonly ReportedCost[],
): Promise<void> {
  const refunds = reservation.entries.flatMap((entry) => {
    const budget = budgets.find((candidate) => budgetKey(loopId, candidate) === entry.key);
    const amount = { ...NOTHING };
    for (const evaluator of reservation.calls.keys()) {
      const reported = costs.find((cost) => cost.evaluator === evaluator.name);
      if (!budget || !concerns(budget, evaluator) || !reported || reported.calls === 0) continue;
      amount.tokens += reported.calls * (evaluator.cost?.tokens ?? 0) - reported.tokens;
      amount.usdMicros += reported.calls * toMicros(evaluator.cost?.usd) - toMicros(reported.usd);
    }
    return amount.tokens === 0 && amount.usdMicros === 0
      ? []
      : [{ key: entry.key, windowStart: entry.windowStart, amount }];
  });
  await store.budgetRefund({ entries: refunds });
}

/**
 * Refuses a budget that could not be kept.
 * @throws LoopsmithError `invalid`
 */
export function assertBudgets(
  budgets: readonly Budget[],
  evaluators: readonly Pick<Evaluator, "name" | "cost">[],
): void {
  for (const budget of budgets) {
    if (!Object.hasOwn(LONGEST_MS, budget.per)) {
      throw invalid(`a budget is per ${JSON.stringify(budget.per)}`, 'Give per: "hour", "day" or "month".');
    }
    const known = evaluators.map((evaluator) => evaluator.name).join(", ");
    if (budget.evaluator !== undefined && !evaluators.some((evaluator) => evaluator.name === budget.evaluator)) {
      throw invalid(`a budget is for "${budget.evaluator}"`, `Name one of the evaluators: ${known}.`);
    }
    const limits = [budget.calls, budget.tokens, budget.usd].filter((limit) => limit !== undefined);
    if (limits.length === 0 || limits.some((limit) => !Number.isFinite(limit) || limit < 0)) {
      throw invalid("a budget has no limit", "Give calls, tokens or usd as a number of at least 0.");
    }
    for (const evaluator of evaluators) {
      if (!concerns(budget, evaluator)) continue;
      for (const unit of ["usd", "tokens"] as const) {
        // A limit on what nobody can tell beforehand would be overshot.
        if (budget[unit] === undefined || evaluator.cost?.[unit] !== undefined) continue;
        throw invalid(
          `the evaluator "${evaluator.name}" does not say what a call costs, and a budget limits ${unit}`,
          `Declare its \`cost\`: the most ${unit} a call can take, or { ${unit}: 0 } if it takes none. A judge model needs a price.`,
        );
      }
    }
  }
}

/** One budget for each evaluator and period, with the least of every limit: two would count each call twice. */
export function mergeBudgets(budgets: readonly Budget[]): Budget[] {
  const merged = new Map<string, Budget>();
  for (const budget of budgets) {
    const key = budgetKey("", budget);
    const one = merged.get(key) ?? budget;
    const least = (unit: "calls" | "tokens" | "usd"): object => {
      const limits = [one[unit], budget[unit]].filter((limit) => limit !== undefined);
      return limits.length === 0 ? {} : { [unit]: Math.min(...limits) };
    };
    merged.set(key, { ...one, ...least("calls"), ...least("tokens"), ...least("usd") });
  }
  return [...merged.values()];
}

function concerns(budget: Budget, { name }: Pick<Evaluator, "name">): boolean {
  return budget.evaluator === undefined || budget.evaluator === name;
}

function toMicros(usd = 0): number {
  return Math.ceil(usd * 1e6);
}

export function budgetKey(loopId: string, budget: Budget): string {
  return [loopId, budget.evaluator ?? "*", budget.per].join("/");
}

/** Longer than any window of the kind, so that adding it always lands in the next. */
const LONGEST_MS = { hour: 3_600_000, day: 86_400_000, month: 31 * 86_400_000 } as const;

export function windowStart(at: number, per: Budget["per"]): number {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (per === "month") return Date.UTC(year, month, 1);
  return per === "day" ? Date.UTC(year, month, day) : Date.UTC(year, month, day, date.getUTCHours());
}

function windowEnd(at: number, per: Budget["per"]): number {
  return windowStart(windowStart(at, per) + LONGEST_MS[per], per);
}

function assertBefore(until: number, now: number): void {
  if (now < until) return;
  throw new LoopsmithError("budget_exhausted", "the budget's window ended while the call waited for its turn", {
    hint: "Nothing to do: it is made under the budget of the next window.",
  });
}

function limitOf(budget: Budget): Partial<BudgetAmount> {
  return {
    ...(budget.calls === undefined ? {} : { calls: budget.calls }),
    ...(budget.tokens === undefined ? {} : { tokens: budget.tokens }),
    ...(budget.usd === undefined ? {} : { usdMicros: Math.floor(budget.usd * 1e6) }),
  };
}

function describe(budget: Budget | undefined): string {
  if (!budget) return "the loop";
  const limits = [
    budget.calls === undefined ? null : `${budget.calls} calls`,
    budget.tokens === undefined ? null : `${budget.tokens} tokens`,
    budget.usd === undefined ? null : `$${budget.usd}`,
  ];
  return `${budget.evaluator ?? "the loop"} (${limits.filter(Boolean).join(", ")} per ${budget.per})`;
}

function invalid(message: string, hint: string): LoopsmithError {
  return new LoopsmithError("invalid", message, { hint, details: { option: "budgets" } });
}
