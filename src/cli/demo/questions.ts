import { sentencesOf, wordsOf, type Section } from "./corpus.ts";

export interface Question {
  id: string;
  text: string;
  /** The file the question was drawn from; kept out of the trace. */
  file: string;
}

/**
 * Draws questions evenly from all sentences of the documentation: the three rarest words of a sentence, asked under its
 * heading. Nothing is chosen by whether the pipeline can answer it.
 */
export function drawQuestions(sections: readonly Section[], count: number): Question[] {
  const all = sections.flatMap((section) => sentencesOf(section.text).map((sentence) => ({ section, sentence })));
  const frequency = new Map<string, number>();
  for (const { sentence } of all) {
    for (const word of new Set(wordsOf(sentence))) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  const step = Math.max(1, all.length / count);
  const questions = new Map<string, Question>();
  for (let at = 0; at < all.length && questions.size < count; at += step) {
    const drawn = all[Math.floor(at)];
    if (!drawn) break;
    const words = [...new Set(wordsOf(drawn.sentence))];
    const rare = new Set(
      [...words].sort((a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0) || (a < b ? -1 : 1)).slice(0, 3),
    );
    const terms = words.filter((word) => rare.has(word)).join(", ");
    const text = `In the notes on ${drawn.section.heading}, what do they say about ${terms}?`;
    questions.set(text, { id: `q${questions.size + 1}`, text, file: drawn.section.file });
  }
  return [...questions.values()];
}
