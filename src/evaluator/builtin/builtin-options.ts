import type { Evaluator, EvaluatorCost } from "../evaluator.ts";

/** What built-ins cost: they ask nobody. */
export const FREE: EvaluatorCost = { usd: 0, tokens: 0 };

/** What every built-in evaluator takes. */
export interface BuiltinOptions {
  /** The feedback key, and the evaluator's name. @default the built-in's own name, in snake case */
  key?: string;
  /** What is judged. @default "trace", or the run type the built-in is made for */
  on?: Evaluator["on"];
}
