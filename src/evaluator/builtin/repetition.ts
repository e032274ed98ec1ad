import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { wordsOf } from "../../internal/text/words.ts";
import { FREE } from "./builtin-options.ts";
import { judgedText, type TextOptions } from "./judged-text.ts";

export interface RepetitionOptions extends TextOptions {
  /** Words of the phrases compared. @default 6 */
  phrase?: number;
}

/**
 * The share of the text's phrases (six words in a row) that are not said twice, from 0 to 1: prose scores near 1, a
 * model caught in a loop near 0. Texts under four phrases' length score `null`.
 */
export function repetition(options: RepetitionOptions = {}): Evaluator {
  const { key = "no_repetition", on = "trace", phrase = 6 } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate(_args, input) {
      const words = wordsOf(judgedText(options.text, input));
      if (words.length < 4 * phrase) return { score: null, comment: `only ${words.length} words` };
      const counts = new Map<string, number>();
      const total = words.length - phrase + 1;
      for (let at = 0; at < total; at++) {
        const gram = words.slice(at, at + phrase).join(" ");
        counts.set(gram, (counts.get(gram) ?? 0) + 1);
      }
      const [gram, times] = [...counts].reduce((most, next) => (next[1] > most[1] ? next : most));
      return { score: counts.size / total, ...(times > 1 && { comment: `"${gram}" is said ${times} times` }) };
    },
  });
}
