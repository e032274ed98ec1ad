import { sentencesOf, wordsOf, type Section } from "./corpus.ts";

export interface Question {
  /** What is asked; the heading and the terms can be read off it, as a person would. */
  text: string;
  /** The file the question was drawn from; kept out of the trace. */
  file: string;
}

/** Rare words taken from each of the two sentences. */
const TERMS_PER_SENTENCE = 2;

/**
 * Draws questions evenly from all of the documentation: the rarest words of two sentences that follow each other, asked
 * under their heading, as somebody asks who wants to know how two things belong together. Nothing is chosen by whether
 * the pipeline can answer it.
 */
export function drawQuestions(sections: readonly Section[], count: number): Question[] {
  const sentences = sections.flatMap((section) =>
    sentencesOf(section.text).map((sentence, index, all) => ({
      section,
      words: wordsOf(sentence),
      next: wordsOf(all[index + 1] ?? ""),
    })),
  );
  const frequency = new Map<string, number>();
  for (const { words } of sentences) {
    for (const word of new Set(words)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  const rarest = (words: readonly string[]): string[] =>
    [...new Set(words)]
      .sort((a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0) || (a < b ? -1 : 1))
      .slice(0, TERMS_PER_SENTENCE);
  const step = Math.max(1, sentences.length / count);
  const questions = new Map<string, Question>();
  for (let at = 0; Math.floor(at) < sentences.length && questions.size < count; at += step) {
    const drawn = sentences[Math.floor(at)];
    if (!drawn) break;
    const terms = [...new Set([...rarest(drawn.words), ...rarest(drawn.next)])].join(", ");
    const text = `In the notes on ${drawn.section.heading}, what do they say about ${terms}?`;
    questions.set(text, { text, file: drawn.section.file });
  }
  return [...questions.values()];
}
