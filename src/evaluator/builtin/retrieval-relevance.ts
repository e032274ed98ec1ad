import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { readSource } from "../input-mapping.ts";
import type { InputSource } from "../input-mapping.ts";
import { documentTexts, questionText } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import { allStems, contentWords } from "../../internal/text/words.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";

export interface RetrievalRelevanceOptions extends BuiltinOptions {
  /** What was looked for. @default the question in the retriever's inputs */
  query?: InputSource;
  /**
   * Over the documents: the best one, their mean, or all of them together (each question word counts when any document
   * has it). @default "best"
   */
  combine?: "best" | "mean" | "together";
}

/**
 * How much of the question the retrieved documents speak of, from 0 to 1: the share of its content words they contain.
 * Judges every retriever run by itself, so the score stands on that run. Nothing retrieved scores 0.
 */
export function retrievalRelevance(options: RetrievalRelevanceOptions = {}): Evaluator {
  const { key = "retrieval_relevance", on = { runType: "retriever" }, combine = "best" } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }, input) {
      const query = options.query ? textOf(readSource(options.query, input)) : questionText(run);
      const wanted = [...new Set(contentWords(query))];
      if (wanted.length === 0) return { score: null, comment: "the question has no content words" };
      const documents = documentTexts(run).map((text) => new Set(allStems(text)));
      if (documents.length === 0) return { score: 0, comment: "nothing was retrieved" };
      const covered = documents.map((words) => wanted.filter((word) => words.has(word)).length / wanted.length);
      const missing = wanted.filter((word) => !documents.some((words) => words.has(word)));
      const score = {
        best: Math.max(...covered),
        mean: covered.reduce((sum, share) => sum + share, 0) / covered.length,
        together: 1 - missing.length / wanted.length,
      }[combine];
      return {
        score,
        comment:
          missing.length === 0
            ? "every content word of the question was retrieved"
            : `not retrieved: ${missing.slice(0, 8).join(", ")}`,
      };
    },
  });
}
