import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { refusalIn } from "../text/abstention.ts";
import { FREE } from "./builtin-options.ts";
import { judgedText, type TextOptions } from "./judged-text.ts";

export type RefusalOptions = TextOptions;

/** 0 when the answer declines to do what was asked ("I'm sorry, but I can't help with that"), else 1. `null` without an answer. */
export function refusal(options: RefusalOptions = {}): Evaluator {
  const { key = "no_refusal", on = "trace" } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate(_args, input) {
      const answer = judgedText(options.text, input);
      if (answer.trim() === "") return { score: null, comment: "no answer" };
      const phrase = refusalIn(answer);
      return phrase === null ? { score: 1 } : { score: 0, comment: `declines: "${phrase}"` };
    },
  });
}
