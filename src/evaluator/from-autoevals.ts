import { describeValue } from "../internal/describe-value.ts";
import { LoopsmithError } from "../model/errors.ts";
import { isJsonObject } from "../model/json.ts";
import type { EvaluatorResult } from "../wire/evaluator-result.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import type { Evaluator } from "./evaluator.ts";
import { present } from "./from-openevals.ts";
import { readInputs } from "./input-mapping.ts";
import type { InputMapping, InputSource } from "./input-mapping.ts";
import { answerText, questionText } from "./text/run-text.ts";

/** A scorer of `autoevals` by its shape: `({ output, expected, ...extra }) => { name, score, metadata }`. */
export type AutoevalsScorer = {
  bivarianceHack(args: Record<string, unknown>): unknown;
}["bivarianceHack"];

export interface FromAutoevalsOptions extends Partial<Omit<Evaluator, "evaluate">> {
  /** @default the scorer's own name */
  name?: string;
  /**
   * Where each argument is found; numbers, booleans and objects the scorer takes literally go into `extra`.
   * @default `{ input: the question's text, output: the answer's text, expected: the example's answer text }`
   */
  args?: InputMapping;
  /** Arguments passed as they are, such as `{ min: 0, max: 10 }`. */
  extra?: Readonly<Record<string, unknown>>;
}

const expected: InputSource = (_run, { run, example }) =>
  example?.outputs ? answerText({ ...run, outputs: example.outputs }) : undefined;

const DEFAULT_ARGS: InputMapping = { input: questionText, output: answerText, expected };

/** Takes an `autoevals` scorer unchanged. The package itself is not needed by Loopsmith. */
export function fromAutoevals(scorer: AutoevalsScorer, options: FromAutoevalsOptions = {}): Evaluator {
  const name = options.name ?? (scorer.name || "autoevals");
  const args = { ...DEFAULT_ARGS, ...options.args };
  return defineEvaluator({
    ...options,
    name,
    async evaluate(_run, input) {
      const { values } = readInputs(args, Object.keys(args), input);
      return toResult(name, await scorer({ ...present(values), ...options.extra }));
    },
  });
}

/** `{ name, score, metadata, error }` in LangSmith's words. */
function toResult(evaluator: string, score: unknown): EvaluatorResult {
  if (!isJsonObject(score) || !("score" in score)) {
    throw new LoopsmithError("evaluator_failed", `Scorer "${evaluator}" returned ${describeValue(score)}.`, {
      hint: "An autoevals scorer returns { name, score }; use toEvaluator for other functions.",
      details: { evaluator, reason: "rubbish", retryable: false },
    });
  }
  if (score.score === null && score.error !== undefined) throw score.error as unknown;
  const rationale = isJsonObject(score.metadata) ? score.metadata.rationale : undefined;
  return {
    ...(typeof score.name === "string" && { key: score.name }),
    score: score.score as number | null,
    ...(score.metadata !== undefined && score.metadata !== null && { value: score.metadata }),
    ...(typeof rationale === "string" && { comment: rationale }),
  };
}
