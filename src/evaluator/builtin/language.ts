import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { detectLanguage } from "../../internal/text/detect-language.ts";
import { questionText } from "../text/run-text.ts";
import { FREE } from "./builtin-options.ts";
import { judgedText, type TextOptions } from "./judged-text.ts";

export interface LanguageOptions extends TextOptions {
  /** ISO 639-1 codes that are fine. @default the language of the question */
  expected?: string | readonly string[];
}

/** 1 when the answer is in the expected language, 0 when it is in another, `null` when either cannot be told. */
export function language(options: LanguageOptions = {}): Evaluator {
  const { key = "language", on = "trace", expected } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }, input) {
      const answer = detectLanguage(judgedText(options.text, input));
      if (!answer) return { score: null, comment: "the answer is too short to tell its language" };
      const asked = expected ?? detectLanguage(questionText(run))?.language;
      if (asked === undefined)
        return { score: null, value: answer.language, comment: "the question is too short to tell its language" };
      const fine = [asked].flat().includes(answer.language);
      return {
        score: fine,
        value: answer.language,
        comment: `answered in ${answer.language}, expected ${[asked].flat().join(" or ")}`,
      };
    },
  });
}
