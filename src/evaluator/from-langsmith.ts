import { LoopsmithError } from "../model/errors.ts";
import { describeValue } from "../internal/describe-value.ts";
import type { Score } from "../model/score.ts";
import { toScores } from "../wire/evaluator-result.ts";
import type { EvaluatorReturn } from "../wire/evaluator-result.ts";
import type { LangSmithExample, LangSmithRun } from "../wire/langsmith-run.ts";
import type { Evaluator, EvaluatorInput } from "./evaluator.ts";

/**
 * What a LangSmith evaluator function gets as its first argument: a run (old style, `(run, example)`) that also carries
 * the named arguments of the new style (`({ run, example, inputs, outputs, referenceOutputs })`).
 */
export interface LangSmithArguments extends LangSmithRun {
  run: LangSmithRun;
  /** As in LangSmith's own types; `undefined` in production, where no reference exists. */
  example: LangSmithExample;
  /** The example's inputs, or the run's own when there is no example. */
  inputs: LangSmithRun["inputs"];
  /** The run's outputs; `undefined` when it ended without any. */
  outputs: LangSmithRun["inputs"];
  referenceOutputs?: LangSmithRun["inputs"];
}

/** Any evaluator function written for LangSmith, sync or async, in either style. */
export type LangSmithEvaluatorFunction = (
  args: LangSmithArguments,
  example: LangSmithExample,
) => EvaluatorReturn | Promise<EvaluatorReturn>;

/** LangSmith's evaluator objects (`RunEvaluator`, `runEvaluator(...)`, string evaluators). */
export interface LangSmithRunEvaluator {
  evaluateRun(run: LangSmithRun, example?: LangSmithExample): Promise<EvaluatorReturn>;
}

/** Everything a loop takes as an evaluator. */
export type EvaluatorLike = Evaluator | LangSmithEvaluatorFunction | LangSmithRunEvaluator;

export interface ToEvaluatorOptions extends Partial<Omit<Evaluator, "evaluate">> {
  /** @default the function's or class's name, else `evaluator` */
  name?: string;
  /** @default "1" */
  version?: string;
  /** @default "trace" */
  on?: Evaluator["on"];
}

/**
 * Turns any LangSmith evaluator, unchanged, into Loopsmith's `Evaluator`; one that is an `Evaluator` already keeps what
 * the options do not override.
 *
 * @throws LoopsmithError `invalid` for anything that is none of these.
 */
export function toEvaluator(evaluator: EvaluatorLike, options: ToEvaluatorOptions = {}): Evaluator {
  if (isEvaluator(evaluator)) {
    return {
      ...evaluator,
      ...options,
      evaluate: async (input) => renamed(await evaluator.evaluate(input), evaluator, options),
    };
  }
  const name = options.name ?? nameOf(evaluator);
  const settled = { ...options, name, version: options.version ?? "1", on: options.on ?? ("trace" as const) };
  const call = callerOf(evaluator);
  return {
    ...settled,
    async evaluate(input) {
      return toScores(await call(input), {
        evaluator: settled.name,
        version: settled.version,
        spanId: input.span.id,
        spanIds: new Set(input.trace.spans.map((span) => span.id)),
        ...(settled.range && { range: settled.range }),
      });
    },
  };
}

/** A new name goes through to the scores, and to the keys that were only the old name. */
function renamed(scores: Score[], { name, version }: Evaluator, options: ToEvaluatorOptions): Score[] {
  if (!Array.isArray(scores) || (options.name === undefined && options.version === undefined)) return scores;
  const { name: newName = name, version: newVersion = version } = options;
  return scores.map((score) => ({
    ...score,
    key: score.key === name ? newName : score.key,
    evaluator: newName,
    evaluatorVersion: newVersion,
  }));
}

function callerOf(evaluator: Exclude<EvaluatorLike, Evaluator>): (input: EvaluatorInput) => unknown {
  if (typeof evaluator === "function") {
    // LangSmith's own trick: one call serves both styles, because the first argument is a run and the named arguments at once.
    return ({ run, example }) => evaluator(namedArguments(run, example), example as LangSmithExample);
  }
  if (isRunEvaluator(evaluator)) return ({ run, example }) => evaluator.evaluateRun(run, example);
  throw new LoopsmithError("invalid", `Not an evaluator: ${describeValue(evaluator)}.`, {
    hint: "Pass a function, an object with evaluateRun(run, example), or the result of defineEvaluator({...}).",
  });
}

/** The first argument of a LangSmith evaluator: the run, and the named arguments beside its fields. */
export function namedArguments(run: LangSmithRun, example: LangSmithExample | undefined): LangSmithArguments {
  return {
    ...run,
    run,
    example: example as LangSmithExample,
    inputs: example?.inputs ?? run.inputs,
    outputs: run.outputs as LangSmithRun["inputs"],
    ...(example?.outputs && { referenceOutputs: example.outputs }),
    ...(example?.attachments && { attachments: example.attachments as never }),
  };
}

function isEvaluator(value: unknown): value is Evaluator {
  return isObject(value) && typeof value.evaluate === "function" && typeof value.name === "string" && "on" in value;
}

function isRunEvaluator(value: unknown): value is LangSmithRunEvaluator {
  return isObject(value) && typeof value.evaluateRun === "function";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function nameOf(evaluator: unknown): string {
  const own = typeof evaluator === "function" ? evaluator.name : isObject(evaluator) ? evaluator.name : undefined;
  if (typeof own === "string" && own !== "") return own;
  const type = isObject(evaluator) ? evaluator.constructor?.name : undefined;
  return type === undefined || type === "" || type === "Object" ? "evaluator" : type;
}
