import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { readSource } from "../input-mapping.ts";
import type { InputSource } from "../input-mapping.ts";
import { refusalIn } from "../text/abstention.ts";
import { answerText } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";

export interface RefusalOptions extends BuiltinOptions {
  /** @default the answer in the outputs */
  text?: InputSource;
}

/** 0 when the answer declines to do what was asked ("I'm sorry, but I can't help with that"), else 1. `null` without an answer. */
export function refusal(options: RefusalOptions = {}): Evaluator {
  const { key = "no_refusal", on = "trace" } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }, input) {
      const answer = options.text ? textOf(readSource(options.text, input)) : answerText(run);
      if (answer.trim() === "") return { score: null, comment: "no answer" };
      const phrase = refusalIn(answer);
      return phrase === null ? { score: 1 } : { score: 0, comment: `declines: "${phrase}"` };
    },
  });
}
