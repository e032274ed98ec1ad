import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { readSource } from "../input-mapping.ts";
import type { InputSource } from "../input-mapping.ts";
import { answerText } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import { wordsOf } from "../../internal/text/words.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";
import { checkBounds, within } from "./within.ts";
import type { Bounds } from "./within.ts";

export interface LengthOptions extends BuiltinOptions, Bounds {
  /** What is counted; characters are code points. @default "words" */
  unit?: "characters" | "words";
  /** @default the answer in the outputs */
  text?: InputSource;
}

/** 1 when the text's length is within the bounds, else 0. */
export function length(options: LengthOptions): Evaluator {
  const { key = "length", on = "trace", unit = "words" } = options;
  checkBounds("length", options);
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }, input) {
      const text = options.text ? textOf(readSource(options.text, input)) : answerText(run);
      return within(unit === "words" ? wordsOf(text).length : Array.from(text).length, options, unit);
    },
  });
}
