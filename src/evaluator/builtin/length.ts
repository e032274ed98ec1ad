import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { wordsOf } from "../../internal/text/words.ts";
import { FREE } from "./builtin-options.ts";
import { judgedText, type TextOptions } from "./judged-text.ts";
import { checkBounds, within } from "./within.ts";
import type { Bounds } from "./within.ts";

export interface LengthOptions extends TextOptions, Bounds {
  /** What is counted; characters are code points. @default "words" */
  unit?: "characters" | "words";
}

/**
 * 1 when the text's length is within the bounds, else 0.
 * @throws LoopsmithError `invalid` when neither bound is given, one is not a number or they are the wrong way round
 */
export function length(options: LengthOptions): Evaluator {
  const { key = "length", on = "trace", unit = "words" } = options;
  checkBounds("length", options);
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate(_args, input) {
      const text = judgedText(options.text, input);
      return within(unit === "words" ? wordsOf(text).length : Array.from(text).length, options, unit);
    },
  });
}
