import type { TraceWords } from "../trace-words.ts";
import { MANNERS } from "./manners.ts";
import type { TextProfile } from "./text-profile.ts";

/** What a step's words relate to, how they look, and in which manner it speaks. */
export function wordFeatures({ texts, words, digits, manners }: TraceWords, profiles: readonly TextProfile[]) {
  const toPast = profiles.map((profile) => profile.toPast);
  const counted = (manner: (typeof MANNERS)[number], step: number): number =>
    manners[step * MANNERS.length + MANNERS.indexOf(manner)]!;
  // Uses per hundred words, on a logarithmic scale.
  const rate = (manner: (typeof MANNERS)[number]): number[] =>
    texts.map((_, i) => Math.log1p((100 * counted(manner, i)) / Math.max(20, words[i]!)));
  return {
    "to question": profiles.map((profile) => profile.toQuestion),
    "to answer": profiles.map((profile) => profile.toAnswer),
    "to previous": profiles.map((profile) => profile.toPrevious),
    "to past": toPast,
    "to future": profiles.map((profile) => profile.toFuture),
    // After the decisive mistake agents go in circles: how repetitive the few steps before and after it are.
    "circling before": toPast.map((_, i) => mean(toPast, Math.max(1, i - CIRCLE), i)),
    "circling after": toPast.map((_, i) => mean(toPast, i + 1, Math.min(toPast.length, i + 1 + CIRCLE))),
    novelty: profiles.map((profile) => profile.novelty),
    adopted: profiles.map((profile) => Math.log1p(profile.adopted)),
    "new numbers": profiles.map((profile) => Math.log1p(profile.newNumbers)),
    code: texts.map((text, i) => (counted("code", i) > 0 || text.includes("```") || text.includes("SELECT ") ? 1 : 0)),
    list: texts.map((text) => Math.log1p(listItems(text))),
    questions: texts.map((text) => Math.log1p(questionMarks(text))),
    digits: texts.map((text, i) => digits[i]! / Math.max(1, text.length)),
    assumes: rate("assumes"),
    concludes: rate("concludes"),
    plans: rate("plans"),
    "fails to find": rate("fails to find"),
    corrects: rate("corrects"),
  };
}

// --- internal ---

const CIRCLE = 4;

const LIST_ITEM = /\s*(?:[-*]|\d+[.)])\s/y;

/** Lines that begin with a dash, a star or a number. */
function listItems(text: string): number {
  let items = 0;
  for (let line = 0; line >= 0 && line < text.length; line = next(text, "\n", line)) {
    LIST_ITEM.lastIndex = line;
    if (LIST_ITEM.test(text)) items++;
  }
  return items;
}

function questionMarks(text: string): number {
  let marks = 0;
  for (let at = next(text, "?", 0); at >= 0; at = next(text, "?", at)) marks++;
  return marks;
}

/** Where the text goes on after the next such character from `from` on, or -1. */
function next(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? -1 : at + 1;
}

function mean(values: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return to > from ? sum / (to - from) : 0;
}
