import { createIntMap } from "../internal/int-map.ts";
import { isCommon } from "./fragment.ts";
import { scanWords } from "./scan-words.ts";
import type { Words } from "./scan-words.ts";

/** Distinct fragments of one text by number, in order of appearance; common words are left out. */
export type Bag = Int32Array;

/** Numbers the fragments of a trace, from 1 on, so that whatever counts or compares them works on arrays. */
export interface Vocabulary {
  /** Every number is at most this. */
  size(): number;
  /** Whether digits are in it. */
  hasDigit(number: number): boolean;
  /** The fragment as it was first written. */
  wordOf(number: number): string;
  /** Takes in a text; `words` are its words where it was scanned already. `fragments` counts repeated and common ones too. */
  add(text: string, words?: Words): { bag: Bag; fragments: number };
}

/** @param expected fragments to make room for; it grows beyond that */
export function createVocabulary(expected = 1000): Vocabulary {
  const numbers = createIntMap(expected);
  const texts: string[] = [];
  let size = 0;
  // Bags lie side by side in few large arrays: one array each would be most of what the garbage collector has to do.
  let pool = new Int32Array(0);
  let free = 0;
  // By number: the text that held it last; and where it was found first (text, start, end) with its digits.
  let last = new Int32Array(expected + 1);
  let facts = new Int32Array(FACTS * (expected + 1));

  const meet = (text: number, words: Words, i: number): void => {
    size++;
    if (size === last.length) [last, facts] = [doubled(last), doubled(facts)];
    last[size] = isCommon(words.hash[i]!) ? COMMON : -1;
    const at = FACTS * size;
    facts[at] = text;
    facts[at + 1] = words.start[i]!;
    facts[at + 2] = words.end[i]!;
    facts[at + 3] = words.digits[i]!;
  };
  return {
    size: () => size,
    hasDigit: (number) => facts[FACTS * number + 3]! > 0,
    wordOf: (number) => texts[facts[FACTS * number]!]!.slice(facts[FACTS * number + 1], facts[FACTS * number + 2]),
    add(text, words = scanWords(text)) {
      const { distinctiveCount: fragments, hash, distinctive } = words;
      const index = texts.push(text) - 1;
      if (free + fragments > pool.length) [pool, free] = [new Int32Array(Math.max(fragments, POOL_SIZE)), 0];
      const from = free;
      for (let f = 0; f < fragments; f++) {
        const i = distinctive[f]!;
        const number = numbers.getOrSet(hash[i]!, size + 1);
        if (number > size) meet(index, words, i);
        if (last[number] === index || last[number] === COMMON) continue;
        last[number] = index;
        pool[free++] = number;
      }
      return { bag: pool.subarray(from, free), fragments };
    },
  };
}

// --- internal ---

/** Stands for a text that held a common word last: bags hold none. */
const COMMON = -2;

/** Facts kept of each fragment. */
const FACTS = 4;

const POOL_SIZE = 1 << 14;

function doubled(old: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * old.length);
  grown.set(old);
  return grown;
}
