import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { readSource } from "../input-mapping.ts";
import type { InputSource } from "../input-mapping.ts";
import { abstentionIn } from "../text/abstention.ts";
import { detectLanguage } from "../../internal/text/detect-language.ts";
import { documentTexts, subtree } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import { allStems, contentWords, numberOf, sentencesOf } from "../../internal/text/words.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";
import { judgedText } from "./judged-text.ts";

export interface GroundednessOptions extends BuiltinOptions {
  /** The answer judged. @default the answer in the outputs */
  answer?: InputSource;
  /** The text it must rest on. @default what every retriever run below returned */
  contexts?: InputSource;
}

/**
 * Faithfulness without a model: the share of the answer's content words that the retrieved text contains, counted
 * sentence by sentence (longer sentences weigh more). A sentence with a number the text does not contain gets half of
 * what its words earn. Scores 0 when something is claimed and nothing was retrieved, and `null` when nothing is claimed
 * ("I don't know") or the run retrieves nothing by design.
 *
 * Lexical: it sees invented names, numbers and topics; it cannot see a wrong relation between words that are all there.
 */
export function groundedness(options: GroundednessOptions = {}): Evaluator {
  const { key = "groundedness", on = "trace" } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }, input) {
      const answer = judgedText(options.answer, input);
      const contexts = options.contexts ? listOf(readSource(options.contexts, input)) : retrieved(run);
      if (contexts === undefined) return { score: null, comment: "no retriever run to compare with" };
      if (answer.trim() === "") return { score: null, comment: "no answer" };
      const abstained = abstentionIn(answer);
      if (abstained !== null) return { score: null, comment: `claims nothing: "${abstained}"` };
      return supportOf(answer, contexts);
    },
  });
}

/** How far the answer rests on the contexts, with the sentence that rests on them least. */
function supportOf(answer: string, contexts: readonly string[]): { score: number | null; comment: string } {
  if (contexts.every((text) => text.trim() === ""))
    return { score: 0, comment: "claims something though nothing was retrieved" };
  const known = new Set(contexts.flatMap(allStems));
  const language = detectLanguage(answer)?.language ?? "en";
  const sentences = sentencesOf(answer).flatMap((sentence) => {
    const words = [...new Set(contentWords(sentence, language))];
    return words.length === 0 ? [] : [{ sentence, words, ...sentenceSupport(words, known) }];
  });
  const total = sentences.reduce((sum, { words }) => sum + words.length, 0);
  if (total === 0) return { score: null, comment: "the answer has no content words" };
  const score = sentences.reduce((sum, { support, words }) => sum + support * words.length, 0) / total;
  const [weakest] = [...sentences].sort((a, b) => a.support - b.support);
  const comment =
    weakest === undefined || weakest.unsupported.length === 0
      ? "every content word is in the retrieved text"
      : `not in the retrieved text: ${weakest.unsupported.slice(0, 8).join(", ")} (in "${weakest.sentence.slice(0, 160)}")`;
  return { score, comment };
}

function sentenceSupport(
  words: readonly string[],
  known: ReadonlySet<string>,
): { support: number; unsupported: string[] } {
  const unsupported = words.filter((word) => !known.has(word));
  const coverage = 1 - unsupported.length / words.length;
  // One wrong figure makes a sentence false however many of its words are right.
  const wrongNumber = unsupported.some((word) => numberOf(word) !== null);
  return { support: wrongNumber ? coverage / 2 : coverage, unsupported };
}

/** `undefined` when the run has no retriever below it at all. */
function retrieved(run: Parameters<typeof subtree>[0]): string[] | undefined {
  const retrievers = subtree(run).filter((candidate) => candidate.run_type === "retriever");
  return retrievers.length === 0 ? undefined : retrievers.flatMap(documentTexts);
}

function listOf(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map(textOf) : [textOf(value)];
}
