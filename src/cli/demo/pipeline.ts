import MiniSearch from "minisearch";
import { sentencesOf, wordsOf, type Section } from "./corpus.ts";

/** What a candidate fix may change. */
export interface PipelineConfig {
  /** Words a chunk holds. */
  chunkWords: number;
  /** Words two neighbouring chunks share. */
  overlapWords: number;
  /** Chunks handed to the answerer. */
  topK: number;
  /** Whether each chunk carries the heading it stands under. */
  withHeading: boolean;
}

/** A first guess, as many a pipeline starts: short chunks cut by length, two of them for the answerer. */
export const FIRST_GUESS: PipelineConfig = { chunkWords: 24, overlapWords: 0, topK: 2, withHeading: false };

export interface Chunk {
  id: string;
  section: string;
  text: string;
}

export interface Retrieved {
  page_content: string;
  metadata: { source: string; chunk: string; score: number };
}

export interface Answer {
  answer: string;
}

/** Cuts every section into chunks of so many words. */
export function chunksOf(sections: readonly Section[], config: PipelineConfig): Chunk[] {
  const step = Math.max(1, config.chunkWords - config.overlapWords);
  return sections.flatMap((section) => {
    const words = section.text.split(" ");
    const chunks: Chunk[] = [];
    for (let at = 0; at < words.length; at += step) {
      const body = words.slice(at, at + config.chunkWords).join(" ");
      const text = config.withHeading ? `${section.heading}. ${body}` : body;
      chunks.push({ id: `${section.id}#${chunks.length}`, section: section.id, text });
      if (at + config.chunkWords >= words.length) break;
    }
    return chunks;
  });
}

/** BM25 over the chunks. */
export function createRetriever(
  sections: readonly Section[],
  config: PipelineConfig,
): (question: string) => Retrieved[] {
  const chunks = chunksOf(sections, config);
  const index = new MiniSearch<Chunk>({
    fields: ["text"],
    storeFields: ["section", "text"],
    tokenize: (text) => wordsOf(text),
    processTerm: (term) => term,
  });
  index.addAll(chunks);
  return (question) =>
    index
      .search(question)
      .slice(0, config.topK)
      .map((hit) => ({
        page_content: String(hit["text"]),
        metadata: { source: String(hit["section"]), chunk: String(hit.id), score: Math.round(hit.score * 100) / 100 },
      }));
}

/**
 * A deterministic answerer that behaves as a model does: it restates what was asked and attaches the best sentence it
 * was given, whether or not that sentence is about it.
 */
export function answerFrom(question: string, documents: readonly Retrieved[]): Answer {
  const asked = new Set(wordsOf(question));
  const topic = /what do they say about (.+)\?$/.exec(question)?.[1] ?? question;
  const sentences = documents.flatMap((document) => {
    const whole = sentencesOf(document.page_content);
    return whole.length > 0 ? whole : [document.page_content];
  });
  const scored = sentences.map((sentence) => {
    const words = wordsOf(sentence);
    return { sentence, score: words.filter((word) => asked.has(word)).length / Math.sqrt(words.length + 1) };
  });
  const best = scored.sort((a, b) => b.score - a.score)[0];
  return { answer: best ? `On ${topic}: ${best.sentence}` : `Nothing is said on ${topic}.` };
}
