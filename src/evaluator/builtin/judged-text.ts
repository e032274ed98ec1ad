import type { EvaluatorTarget } from "../evaluator.ts";
import { readSource, type InputSource } from "../input-mapping.ts";
import { answerText } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import type { BuiltinOptions } from "./builtin-options.ts";

/** What a built-in takes that judges one text. */
export interface TextOptions extends BuiltinOptions {
  /** @default the answer in the outputs */
  text?: InputSource;
}

/** The text at the source; without a source the run's answer. */
export function judgedText(source: InputSource | undefined, target: EvaluatorTarget): string {
  return source ? textOf(readSource(source, target)) : answerText(target.run);
}
