import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { readSource } from "../input-mapping.ts";
import type { InputSource } from "../input-mapping.ts";
import { detectLanguage } from "../../internal/text/detect-language.ts";
import { answerText, questionText } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";

export interface LanguageOptions extends BuiltinOptions {
  /** ISO 639-1 codes that are fine. @default the language of the question */
  expected?: string | readonly string[];
  /** @default the answer in the outputs */
  text?: InputSource;
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
      const answer = detectLanguage(options.text ? textOf(readSource(options.text, input)) : answerText(run));
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
