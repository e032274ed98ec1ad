import { LoopsmithError } from "../model/errors.ts";
import type { Score } from "../model/score.ts";
import type { EvaluatorResult } from "../wire/evaluator-result.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import type { Evaluator, EvaluatorCost, EvaluatorInput } from "./evaluator.ts";
import { toEvaluator } from "./from-langsmith.ts";
import type { EvaluatorLike } from "./from-langsmith.ts";
import { runEvaluator } from "./run-evaluator.ts";
import { matchesSelector } from "./targets.ts";
import { toRuns } from "../wire/to-run.ts";

export interface CompositeOptions {
  name: string;
  /** @default "1" */
  version?: string;
  /** @default "trace" */
  on?: Evaluator["on"];
  /** For all parts together. @default 60_000 */
  timeoutMs?: number;
  /** Whether the parts' own scores are recorded beside the composite one. @default true */
  parts?: boolean;
  /**
   * The most one call of all parts can take. @default the sum of the parts' costs; unknown where that of a part is, or where
   * a part judges spans of its own choice, since nobody can tell beforehand how many it finds
   */
  cost?: EvaluatorCost;
}

/** The lowest of the parts: passes a mark only when every part does. */
export function allOf(evaluators: readonly EvaluatorLike[], options: CompositeOptions): Evaluator {
  return composite(evaluators, options, "lowest", (scores) => Math.min(...scores.map((part) => part.score)));
}

/** The highest of the parts: passes a mark when any part does. */
export function anyOf(evaluators: readonly EvaluatorLike[], options: CompositeOptions): Evaluator {
  return composite(evaluators, options, "highest", (scores) => Math.max(...scores.map((part) => part.score)));
}

/** The mean of the parts by weight; parts that do not apply drop out with their weight. */
export function weightedMean(
  evaluators: readonly (readonly [EvaluatorLike, number])[],
  options: CompositeOptions,
): Evaluator {
  const weights = evaluators.map(([, weight]) => weight);
  if (weights.some((weight) => !(weight > 0 && Number.isFinite(weight)))) {
    throw new LoopsmithError("invalid", `Composite "${options.name}" has weights ${weights.join(", ")}.`, {
      hint: "Give every part a weight above 0; leave out parts that should not count.",
    });
  }
  const mean = (scores: readonly Part[]): number => {
    const total = scores.reduce((sum, part) => sum + (weights[part.index] ?? 0), 0);
    return scores.reduce((sum, part) => sum + part.score * (weights[part.index] ?? 0), 0) / total;
  };
  return composite(
    evaluators.map(([evaluator]) => evaluator),
    options,
    "weighted mean",
    mean,
  );
}

export interface VetoOptions extends CompositeOptions {
  /** A veto counts when its evaluator scores below this. @default 0.5 */
  below?: number;
}

/** The score of the first evaluator, unless any of the others scores below `below`: then 0. */
export function vetoedBy(evaluator: EvaluatorLike, vetoes: readonly EvaluatorLike[], options: VetoOptions): Evaluator {
  const { below = 0.5 } = options;
  return composite([evaluator, ...vetoes], options, "vetoable", (scores) => {
    if (scores.some((part) => part.index > 0 && part.score < below)) return 0;
    const own = scores.filter((part) => part.index === 0).map((part) => part.score);
    return own.length === 0 ? null : Math.min(...own);
  });
}

interface Part {
  /** Which evaluator. */
  index: number;
  key: string;
  score: number;
}

type Combine = (scores: readonly Part[]) => number | null;

function composite(
  likes: readonly EvaluatorLike[],
  options: CompositeOptions,
  how: string,
  combine: Combine,
): Evaluator {
  if (likes.length === 0) {
    throw new LoopsmithError("invalid", `Composite "${options.name}" has no parts.`, { hint: "Give it evaluators." });
  }
  const evaluators = likes.map((like) => toEvaluator(like));
  const cost = options.cost ?? totalCost(evaluators);
  const feedbackKeys = evaluators.flatMap((evaluator) => evaluator.feedbackKeys ?? []);
  return defineEvaluator({
    ...options,
    parts: evaluators,
    ...(cost && { cost }),
    ...(feedbackKeys.length > 0 && { feedbackKeys }),
    async evaluate(_args, input) {
      const found = await Promise.all(evaluators.map((evaluator) => evaluatePart(evaluator, input, options.name)));
      const parts = found.flatMap((scores, index) => partsOf(scores, index));
      const result: EvaluatorResult = {
        key: options.name,
        score: parts.length === 0 ? null : combine(parts),
        comment: parts.length === 0 ? "no part applies" : `${how} of ${parts.map(label).join(", ")}`,
      };
      return options.parts === false ? result : [result, ...found.flat()];
    },
  });
}

/** A part with its own selector judges the matching spans below the composite's target; any other judges that target. */
async function evaluatePart(evaluator: Evaluator, input: EvaluatorInput, within: string): Promise<Score[]> {
  const { on } = evaluator;
  const { signal, callLimits } = input;
  const call = (target: EvaluatorInput): Promise<Score[]> => {
    const run = (): Promise<Score[]> => runEvaluator(evaluator, target, { signal });
    // Where it goes by the composite's own name it has its place already, and would wait for itself.
    return callLimits && evaluator.name !== within ? callLimits(evaluator, run, signal) : run();
  };
  if (on === "trace") return call(input);
  const runs = toRuns(input.trace);
  const spans = input.trace.spans.filter((span) => {
    const run = runs.get(span.id);
    const inside = span.id === input.span.id || span.dottedOrder.startsWith(`${input.span.dottedOrder}.`);
    return (
      run !== undefined && (inside || input.span.id === input.trace.root.id) && matchesSelector(run, input.root, on)
    );
  });
  const scores = await Promise.all(spans.map((span) => call({ ...input, span, run: runs.get(span.id) ?? input.run })));
  return scores.flat();
}

function partsOf(scores: readonly Score[], index: number): Part[] {
  return scores.flatMap(({ key, score }) => (score === null ? [] : [{ index, key, score }]));
}

function label({ key, score }: Part): string {
  return `${key} ${Number(score.toFixed(3))}`;
}

/** Unknown where that of any part is, or how often it is called. */
function totalCost(evaluators: readonly Evaluator[]): EvaluatorCost | undefined {
  const most = ({ on, cost }: Evaluator, field: keyof EvaluatorCost): number => {
    const once = cost?.[field] ?? Number.NaN;
    return on === "trace" || once === 0 ? once : Number.NaN;
  };
  const sum = (field: keyof EvaluatorCost): number =>
    evaluators.reduce((total, evaluator) => total + most(evaluator, field), 0);
  const [usd, tokens] = [sum("usd"), sum("tokens")];
  if (Number.isNaN(usd) && Number.isNaN(tokens)) return undefined;
  return { ...(!Number.isNaN(usd) && { usd }), ...(!Number.isNaN(tokens) && { tokens }) };
}
