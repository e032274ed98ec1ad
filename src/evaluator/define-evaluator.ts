import { describeValue } from "../internal/describe-value.ts";
import { LoopsmithError } from "../model/errors.ts";
import { toScores } from "../wire/evaluator-result.ts";
import type { EvaluatorReturn } from "../wire/evaluator-result.ts";
import { remembering, type CacheOption } from "./evaluation-cache.ts";
import type { Evaluator, EvaluatorInput } from "./evaluator.ts";
import { namedArguments } from "./from-langsmith.ts";
import type { LangSmithArguments } from "./from-langsmith.ts";
import { readInputs } from "./input-mapping.ts";
import type { InputMapping, MappedInputs } from "./input-mapping.ts";

interface DefinitionBase extends Omit<Evaluator, "evaluate" | "version" | "on"> {
  /** @default "1" */
  version?: string;
  /** @default "trace" */
  on?: Evaluator["on"];
}

/** An evaluator that looks at the run as LangSmith's evaluators do. */
export interface RunDefinition extends DefinitionBase {
  inputs?: undefined;
  evaluate(args: LangSmithArguments, input: EvaluatorInput): EvaluatorReturn | Promise<EvaluatorReturn>;
}

/** An evaluator that declares what it looks at, so that it can be mapped to any trace, cached, and skipped where it does not apply. */
export interface MappedDefinition<M extends InputMapping, O extends keyof M> extends DefinitionBase {
  /** Where each input is found. A trace without one of them scores `null` (not applicable), with a comment naming it. */
  inputs: M;
  /** Inputs that may be missing. @default [] */
  optional?: readonly O[];
  /**
   * Remembers answers by name, version, inputs and the text of `evaluate`; what that closes over belongs into the version. `true` keeps 10,000 in memory; `"shared"` keeps them for 30 days in the
   * loop's store, for all workers on it, and in memory where there is no loop. @default false
   */
  cache?: CacheOption;
  evaluate(inputs: MappedInputs<M, O>, input: EvaluatorInput): EvaluatorReturn | Promise<EvaluatorReturn>;
}

/**
 * Declares an evaluator.
 *
 * @throws LoopsmithError `invalid` when the definition cannot work: no name, a range the wrong way round, a timeout that
 * is not positive, `cache` without `inputs`.
 */
export function defineEvaluator<const M extends InputMapping, O extends keyof M = never>(
  definition: MappedDefinition<M, O>,
): Evaluator;
export function defineEvaluator(definition: RunDefinition): Evaluator;
export function defineEvaluator(definition: RunDefinition | MappedDefinition<InputMapping, string>): Evaluator {
  const {
    name,
    version = "1",
    on = "trace",
    timeoutMs,
    cost,
    range,
    provider,
    feedbackKeys,
    parts,
  } = checked(definition);
  const answer = definition.inputs === undefined ? fromRun(definition) : fromInputs(definition, version);
  return {
    name,
    version,
    on,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(cost && { cost }),
    ...(range && { range }),
    ...(provider !== undefined && { provider }),
    ...(feedbackKeys && { feedbackKeys }),
    ...(parts && { parts }),
    async evaluate(input) {
      return toScores(await answer(input), {
        evaluator: name,
        version,
        spanId: input.span.id,
        spanIds: new Set(input.trace.spans.map((span) => span.id)),
        ...(range && { range }),
      });
    },
  };
}

type Answer = (input: EvaluatorInput) => EvaluatorReturn | Promise<EvaluatorReturn>;

function fromRun(definition: RunDefinition): Answer {
  return (input) => definition.evaluate(namedArguments(input.run, input.example), input);
}

function fromInputs(definition: MappedDefinition<InputMapping, string>, version: string): Answer {
  const { name, inputs, optional = [], cache } = definition;
  const remember = remembering(cache);
  // Two loops on one store may each have an evaluator of this name and version.
  const code = definition.evaluate.toString();
  return async (input) => {
    const { values, missing } = readInputs(inputs, optional, input);
    if (missing.length > 0) return { score: null, comment: `not applicable: ${missing.join(", ")} missing` };
    const compute = async (): Promise<EvaluatorReturn> => definition.evaluate(values as never, input);
    return remember({ name, version, inputs: [code, values], input }, compute);
  };
}

function checked<D extends RunDefinition | MappedDefinition<InputMapping, string>>(definition: D): D {
  const { name, range, timeoutMs, inputs } = definition;
  const wrong = (what: string, value: unknown, hint: string): LoopsmithError =>
    new LoopsmithError("invalid", `Evaluator ${what} is ${describeValue(value)}.`, { hint });
  if (typeof name !== "string" || name.trim() === "") throw wrong("name", name, "Give it a name that is not empty.");
  if (range && !(range[0] < range[1])) throw wrong("range", range, "Give the lower bound first, as in [0, 1].");
  if (timeoutMs !== undefined && !(timeoutMs > 0)) throw wrong("timeoutMs", timeoutMs, "Use more than 0 ms.");
  const cache: unknown = "cache" in definition ? definition.cache : undefined;
  if (cache && inputs === undefined) {
    throw wrong("cache", cache, "Declare `inputs`: they are what the cache remembers answers by.");
  }
  if (typeof cache === "string" && cache !== "shared") throw wrong("cache", cache, 'Use true, "shared" or a cache.');
  return definition;
}
