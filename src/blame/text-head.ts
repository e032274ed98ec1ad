import { scanWords } from "./scan-words.ts";
import type { Words } from "./scan-words.ts";

/** What is counted in the beginning of a text: its first 300 characters. */
export interface Head {
  /** Characters counted in: 300 at most. */
  length: number;
  digits: number;
  /** Marks that separate items: lines, bars, semicolons. */
  marks: number;
  /** Distinctive words that the question holds too. */
  asked: number;
}

/** `question` holds hashes of words; `words` are the text's where it was scanned already. */
export function headOf(text: string, question: ReadonlySet<number>, words?: Words): Head {
  const head: Head = { length: Math.min(text.length, HEAD_CHARS), digits: 0, marks: 0, asked: 0 };
  for (let i = 0; i < head.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || code === 124 || code === 59) head.marks++;
  }
  if (!words) {
    count(head, scanWords(text, head.length), question, head.length);
    return head;
  }
  const cut = count(head, words, question, head.length);
  // The word at the end is cut off there; its beginning is another word. One more character is what its scan looks at.
  if (cut >= 0) count(head, scanWords(text.slice(cut, head.length + 1), head.length - cut), question, head.length);
  return head;
}

// --- internal ---

const HEAD_CHARS = 300;

/** Counts the words that end by `length`; gives the start of the one that goes on beyond it, or -1. */
function count(head: Head, words: Words, question: ReadonlySet<number>, length: number): number {
  let i = 0;
  while (i < words.count && words.end[i]! <= length) head.digits += words.digits[i++]!;
  for (let f = 0; f < words.distinctiveCount && words.distinctive[f]! < i; f++)
    if (question.has(words.hash[words.distinctive[f]!]!)) head.asked++;
  return i < words.count && words.start[i]! < length ? words.start[i]! : -1;
}
