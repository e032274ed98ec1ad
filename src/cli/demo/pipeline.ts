import MiniSearch from "minisearch";
import { wordsOf, type Section } from "./corpus.ts";

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
function chunksOf(sections: readonly Section[], config: PipelineConfig): Chunk[] {
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

/** Words of the passage that the answerer quotes. */
const QUOTED_WORDS = 9;

/**
 * A deterministic answerer that behaves as a model does: it restates what was asked and attaches the passage it finds
 * closest, whether or not that passage is about all of it.
 */
export function answerFrom(question: string, documents: readonly Retrieved[]): Answer {
  const [, heading = "", terms = question] =
    /^In the notes on (.+), what do they say about (.+)\?$/.exec(question) ?? [];
  const asked = new Set(wordsOf(terms));
  const passages = documents.flatMap((document) => windowsOf(document.page_content.split(" ")));
  const best = passages
    .map((passage) => ({ passage, hits: new Set(wordsOf(passage).filter((word) => asked.has(word))).size }))
    .sort((a, b) => b.hits - a.hits)[0];
  if (!best) return { answer: `The notes on ${heading} say nothing about ${terms}.` };
  return { answer: `The notes on ${heading} say about ${terms}: ${best.passage}` };
}

function windowsOf(words: readonly string[]): string[] {
  if (words.length <= QUOTED_WORDS) return [words.join(" ")];
  return Array.from({ length: words.length - QUOTED_WORDS + 1 }, (_, at) =>
    words.slice(at, at + QUOTED_WORDS).join(" "),
  );
}
