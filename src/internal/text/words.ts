import { detectLanguage } from "./detect-language.ts";
import { LANGUAGE_WORDS } from "./language-words.ts";

const STOP_WORDS = new Map(
  Object.entries(LANGUAGE_WORDS).map(([language, words]) => [language, new Set(words.split(" "))]),
);
const NO_WORDS: ReadonlySet<string> = new Set();

/** Scripts written without spaces between words; their words come from the runtime's dictionary. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
// Numbers keep their separators: 1,250.50 is one word; a word may hold an apostrophe.
const WORD = /\p{N}+(?:[.,:]\p{N}+)*|\p{L}[\p{L}\p{M}\p{N}]*(?:['’]\p{L}+)?/gu;

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
const sentenceSegmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });

/** Lower-case words of any script, in order. */
export function wordsOf(text: string): string[] {
  const normal = text.normalize("NFKC").toLowerCase();
  if (!UNSPACED.test(normal)) return normal.match(WORD) ?? [];
  return Array.from(segmenter.segment(normal)).flatMap(({ segment, isWordLike }) => (isWordLike ? [segment] : []));
}

/**
 * Stems of the words that carry content: the function words of the language are left out.
 * @param language ISO 639-1. Default: the text's own, English if unsure
 */
export function contentWords(text: string, language?: string): string[] {
  const stopWords = STOP_WORDS.get(language ?? detectLanguage(text)?.language ?? "en") ?? NO_WORDS;
  return wordsOf(text).flatMap((word) => (stopWords.has(word) || isSingleLetter(word) ? [] : [stem(word)]));
}

/** Stems of all words, function words included: what a text knows, as opposed to what it says. */
export function allStems(text: string): string[] {
  return wordsOf(text).map(stem);
}

/** A number as digits with at most one decimal point, or `null`: `1,250.00` and `1250` are the same. */
export function numberOf(word: string): string | null {
  if (!/^\p{Nd}/u.test(word)) return null;
  const plain = word.replace(/[,:](?=\d{3}(?:\D|$))/g, "").replace(",", ".");
  const value = Number(plain);
  return Number.isFinite(value) ? String(value) : plain;
}

/** Sentences and lines, trimmed, empty ones left out. */
export function sentencesOf(text: string): string[] {
  return text
    .split(/\n+/)
    .flatMap((line) =>
      Array.from(sentenceSegmenter.segment(line), ({ segment }) => segment.trim()).filter(
        (sentence) => sentence !== "",
      ),
    );
}

/**
 * Strips the commonest inflections of Latin-script words, so that "refunds", "refunded" and "refund" meet. Deliberately
 * light: it only has to be the same on both sides of a comparison.
 */
export function stem(word: string): string {
  const number = numberOf(word);
  if (number !== null) return number;
  const base = word.replace(/['’]\p{L}+$/u, "");
  if (base.length < 4 || !/^[a-z]+$/.test(base)) return base;
  if (base.length === 4) return base.replace(/(?<=[^siu])s$/, "");
  const cut = base
    .replace(/(?:ies|ied)$/, "y")
    .replace(/(?:sses)$/, "ss")
    .replace(/(?<=[a-z]{3})(?:ingly|edly|ing|ed|ly|es|s(?<!ss))$/, "");
  return cut.replace(/([b-df-hj-np-tv-z])\1$/, "$1").replace(/e$/, "");
}

function isSingleLetter(word: string): boolean {
  return word.length === 1 && /[a-z]/.test(word);
}
