import { childrenByParent } from "../../model/trace.ts";
import type { Span, TokenUsage, Trace } from "../../model/trace.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";
import { checkBounds, within } from "./within.ts";

export interface CostOptions extends BuiltinOptions {
  /** US dollars. Give this, `maxTokens`, or both. */
  maxUsd?: number;
  maxTokens?: number;
}

/**
 * 1 when the run with everything below it cost at most this, else 0; `null` while the trace carries no such figures.
 * With both limits the first one exceeded fails it.
 * @throws LoopsmithError `invalid` when neither limit is given, or one is not a number
 */
export function cost(options: CostOptions): Evaluator {
  const { key = "cost", on = "trace", maxUsd, maxTokens } = options;
  if (maxUsd === undefined && maxTokens === undefined) checkBounds("cost", {});
  if (maxUsd !== undefined) checkBounds("cost's maxUsd", { max: maxUsd });
  if (maxTokens !== undefined) checkBounds("cost's maxTokens", { max: maxTokens });
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate(_args, { trace, span }) {
      const usd = () =>
        within(
          totalOf(trace, span, (usage) => usage.cost),
          { max: maxUsd },
          "USD",
        );
      const tokens = () => within(totalOf(trace, span, tokensOf), { max: maxTokens }, "tokens");
      const judged = [...(maxUsd === undefined ? [] : [usd()]), ...(maxTokens === undefined ? [] : [tokens()])];
      const known = judged.filter((result) => result.score !== null);
      return known.find((result) => result.score === 0) ?? known[0] ?? judged[0] ?? { score: null };
    },
  });
}

/**
 * A span's own figure, or the sum of its children's where it has none: tracers that sum up usage on parents and tracers
 * that record it on model calls alone both come out right.
 */
function totalOf(trace: Trace, start: Span, read: (usage: TokenUsage) => number | undefined): number | null {
  const children = childrenByParent(trace);
  const pending = [start];
  const seen = new Set<string>();
  let total: number | null = null;
  for (let span = pending.pop(); span; span = pending.pop()) {
    if (seen.has(span.id)) continue;
    seen.add(span.id);
    const own = read(span.usage);
    if (own === undefined) pending.push(...(children.get(span.id) ?? []));
    else total = (total ?? 0) + own;
  }
  return total;
}

function tokensOf(usage: TokenUsage): number | undefined {
  if (usage.totalTokens !== undefined) return usage.totalTokens;
  const { promptTokens, completionTokens } = usage;
  return promptTokens === undefined && completionTokens === undefined
    ? undefined
    : (promptTokens ?? 0) + (completionTokens ?? 0);
}
