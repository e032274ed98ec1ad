import { LANGUAGE_WORDS } from "./language-words.ts";

/** A language and how sure the guess is, from 0 to 1. */
export interface LanguageGuess {
  /** ISO 639-1. */
  language: string;
  confidence: number;
}

/** Scripts that one living language dominates. Kana is asked before Han, because Japanese mixes the two. */
const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["zh", /\p{Script=Han}/gu],
  ["ko", /\p{Script=Hangul}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["he", /\p{Script=Hebrew}/gu],
  ["el", /\p{Script=Greek}/gu],
  ["th", /\p{Script=Thai}/gu],
  ["hi", /\p{Script=Devanagari}/gu],
  ["bn", /\p{Script=Bengali}/gu],
  ["ta", /\p{Script=Tamil}/gu],
  ["ka", /\p{Script=Georgian}/gu],
  ["hy", /\p{Script=Armenian}/gu],
];

/** Enough to tell, and short enough to cost nothing. */
const SAMPLE = 4000;
const WORD = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)?/gu;

/** Which languages list a word; rarer words tell more. */
const LANGUAGES_BY_WORD = new Map<string, string[]>();
for (const [language, words] of Object.entries(LANGUAGE_WORDS)) {
  for (const word of new Set(words.split(" "))) {
    const languages = LANGUAGES_BY_WORD.get(word);
    if (languages) languages.push(language);
    else LANGUAGES_BY_WORD.set(word, [language]);
  }
}

/** The language of a text by its script and function words, or `null` when there is too little to go by. */
export function detectLanguage(text: string): LanguageGuess | null {
  const sample = text.slice(0, SAMPLE).normalize("NFC").toLowerCase();
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return null;
  const own = SCRIPTS.map(([language, script]) => ({ language, share: (sample.match(script)?.length ?? 0) / letters }));
  const kana = own[0]?.share ?? 0;
  const scripted = own.toSorted((a, b) => b.share - a.share)[0];
  // A few kana among many Han letters are already Japanese; a Han letter in a Latin text is not yet Chinese.
  if (kana > 0.1) return { language: "ja", confidence: Math.min(1, kana + (own[1]?.share ?? 0)) };
  if (scripted && scripted.share > 0.4) return { language: scripted.language, confidence: scripted.share };
  return byFunctionWords(sample.match(WORD) ?? []);
}

function byFunctionWords(words: readonly string[]): LanguageGuess | null {
  const weights = new Map<string, number>();
  for (const word of words) {
    const languages = LANGUAGES_BY_WORD.get(word.replaceAll("’", "'")) ?? [];
    for (const language of languages) weights.set(language, (weights.get(language) ?? 0) + 1 / languages.length);
  }
  const [best, second] = [...weights].sort(([, a], [, b]) => b - a);
  if (!best) return null;
  const [language, weight] = best;
  // The worth of one word no other language has, and a clear lead: below that it is a coin toss between relatives.
  const lead = weight - (second?.[1] ?? 0);
  if (weight < 1 || lead < 0.4 || weight / words.length < 0.08) return null;
  return { language, confidence: Math.min(1, lead / weight) };
}
