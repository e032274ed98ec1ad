import type { EvaluatorReturn } from "../wire/evaluator-result.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import type { Evaluator } from "./evaluator.ts";
import { readInputs } from "./input-mapping.ts";
import type { InputMapping } from "./input-mapping.ts";

/**
 * An evaluator of `openevals` or `agentevals` by its shape: `({ inputs, outputs, referenceOutputs, ... }) => result(s)`.
 * The method form lets functions with any declared parameter in.
 */
export type OpenEvalsEvaluator = {
  bivarianceHack(params: Record<string, unknown>): unknown;
}["bivarianceHack"];

export interface FromOpenEvalsOptions extends Partial<Omit<Evaluator, "evaluate">> {
  /** The feedback key of results that carry none. */
  name: string;
  /**
   * Where each argument is found, as in `{ outputs: "outputs.answer" }`.
   * @default `{ inputs: "inputs", outputs: "outputs", referenceOutputs: "example.outputs" }`
   */
  args?: InputMapping;
}

const DEFAULT_ARGS: InputMapping = { inputs: "inputs", outputs: "outputs", referenceOutputs: "example.outputs" };

/** Takes an `openevals` evaluator unchanged. The package itself is not needed by Loopsmith. Arguments that are missing are left out. */
export function fromOpenEvals(evaluator: OpenEvalsEvaluator, options: FromOpenEvalsOptions): Evaluator {
  const args = { ...DEFAULT_ARGS, ...options.args };
  return defineEvaluator({
    ...options,
    async evaluate(_run, input) {
      const { values } = readInputs(args, Object.keys(args), input);
      return (await evaluator(present(values))) as EvaluatorReturn;
    },
  });
}

/** Evaluators tell "not given" by `undefined`, and some by the key's presence; leaving the key out is right for both. */
export function present(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
