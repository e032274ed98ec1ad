import type { TraceWords } from "../trace-words.ts";
import type { Column } from "./column.ts";
import { MANNERS } from "./manners.ts";
import type { TextProfiles } from "./text-profile.ts";

/** What a step's words relate to, how they look, and in which manner it speaks. */
export function wordFeatures({ texts, words, digits, manners }: TraceWords, profiles: TextProfiles) {
  const { toQuestion, toAnswer, toPrevious, toPast, toFuture, novelty, adopted, newNumbers } = profiles;
  const uses = (manner: (typeof MANNERS)[number]): Column => {
    const [column, width] = [MANNERS.indexOf(manner), MANNERS.length];
    return (i) => manners[i * width + column]!;
  };
  // Uses per hundred words, on a logarithmic scale.
  const rate = (manner: (typeof MANNERS)[number]): Column => {
    const used = uses(manner);
    return (i) => Math.log1p((100 * used(i)) / Math.max(20, words[i]!));
  };
  const code = uses("code");
  return {
    "to question": (i: number) => toQuestion[i]!,
    "to answer": (i: number) => toAnswer[i]!,
    "to previous": (i: number) => toPrevious[i]!,
    "to past": (i: number) => toPast[i]!,
    "to future": (i: number) => toFuture[i]!,
    // After the decisive mistake agents go in circles: how repetitive the few steps before and after it are.
    "circling before": (i: number) => mean(toPast, Math.max(1, i - CIRCLE), i),
    "circling after": (i: number) => mean(toPast, i + 1, Math.min(toPast.length, i + 1 + CIRCLE)),
    novelty: (i: number) => novelty[i]!,
    adopted: (i: number) => Math.log1p(adopted[i]!),
    "new numbers": (i: number) => Math.log1p(newNumbers[i]!),
    code: (i: number) => (code(i) > 0 || texts[i]!.includes("```") || texts[i]!.includes("SELECT ") ? 1 : 0),
    list: (i: number) => Math.log1p(listItems(texts[i]!)),
    questions: (i: number) => Math.log1p(questionMarks(texts[i]!)),
    digits: (i: number) => digits[i]! / Math.max(1, texts[i]!.length),
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

function mean(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return to > from ? sum / (to - from) : 0;
}
