import { createIntMap } from "../../internal/int-map.ts";
import { hashWord } from "../scan-words.ts";
import type { Words } from "../scan-words.ts";

/** Manners of speaking; none names a topic. English: in other languages they are counted as 0. */
export const MANNERS = ["assumes", "concludes", "plans", "fails to find", "corrects", "code"] as const;

/** Adds to `counts`, from `at` on, how often a scanned text speaks in each manner. */
export function countManners(words: Words, counts: Int32Array, at: number): void {
  const { count, hash } = words;
  for (let i = 0; i < count; i++) {
    const key = hash[i]!;
    if (LIKELY[key & 0xfff] === 0) continue;
    let manner = WORDS.get(key);
    if (manner === OPENER) manner = i + 1 < count ? PAIRS.get(pairKey(key, hash[i + 1]!)) : -1;
    if (manner >= 0) counts[at + manner]!++;
  }
}

// --- internal ---

/** Words that count only together with the next one. The scanner ends words at an apostrophe: `can't` is `can t`. */
const LEXICON: Readonly<Record<(typeof MANNERS)[number], string>> = {
  assumes:
    "assume assumed assumes assuming assumption assumptions suppose supposed supposing supposedly hypothesis hypothesize " +
    "hypothetical hypothetically simulate simulated simulates simulating simulation placeholder mock example sample likely " +
    "probably plausible plausibly approximate approximated approximately approximation estimate estimated estimates " +
    "estimating typical typically generally presumably roughly",
  concludes:
    "therefore thus hence conclude concluded concludes concluding conclusion confirm confirmed confirms confirming verify " +
    "verified verifies verifying verification final finally finalize finalized answer correct correctly accurate accurately " +
    "satisfied complete completed completely completing",
  plans: "plan step steps first next then will let+s let+us need+to should proceed start",
  "fails to find":
    "unable cannot can+t couldn could+not not+found no+result no+results failed unfortunately not+available unavailable " +
    "does+not doesn did+not didn missing without",
  corrects:
    "however instead alternative alternatively alternatives actually apologies apologize apologise sorry mistake issue error fix " +
    "retry again different",
  code: "def import",
};

const OPENER = MANNERS.length;

/** Manner by word, `OPENER` for a word that needs the next one. */
const WORDS = createIntMap();
/** Manner by pair of words. */
const PAIRS = createIntMap();
/** Low bits of the words of interest: nearly all others are turned away by one look. */
const LIKELY = new Uint8Array(0x1000);

for (const [manner, name] of MANNERS.entries()) {
  for (const entry of LEXICON[name].split(" ")) {
    const [word, next] = entry.split("+");
    const key = hashWord(word!);
    LIKELY[key & 0xfff] = 1;
    WORDS.getOrSet(key, next === undefined ? manner : OPENER);
    if (next !== undefined) PAIRS.getOrSet(pairKey(key, hashWord(next)), manner);
  }
}

function pairKey(first: number, second: number): number {
  return (Math.imul(first, 31) + second) | 0;
}
