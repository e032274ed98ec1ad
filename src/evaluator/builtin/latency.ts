import { spanLatencyMs } from "../../model/trace.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";
import { checkBounds, within } from "./within.ts";

export interface LatencyOptions extends BuiltinOptions {
  /** Slower than this fails. */
  maxMs: number;
}

/**
 * 1 when the run took at most `maxMs` of wall time, else 0. A run that has not ended scores `null`.
 * @throws LoopsmithError `invalid` when `maxMs` is missing or not a number
 */
export function latency(options: LatencyOptions): Evaluator {
  const { key = "latency", on = "trace", maxMs } = options;
  checkBounds("latency", { max: maxMs });
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate: (_args, { span }) => within(spanLatencyMs(span), { max: maxMs }, "ms"),
  });
}
