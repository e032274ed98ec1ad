/** The words of one text. The arrays are reused by the next call; only the first `count` entries belong to this one. */
export interface Words {
  count: number;
  /** Ignores case and the commas inside numbers; equal words have equal hashes (FNV-1a, 32 bits). */
  hash: Int32Array;
  /** `text.slice(start, end)` is the word. */
  start: Int32Array;
  end: Int32Array;
  /** Digits in the word. */
  digits: Int32Array;
  /** How many words tell texts apart: numbers of two digits or more, identifiers with digits, or five letters at least. */
  distinctiveCount: number;
  /** Which words these are, in order. */
  distinctive: Int32Array;
}

/** Runs of letters and digits of any script in the first `length` characters; a dot or comma between digits joins them. */
export function scanWords(text: string, length = text.length): Words {
  if (scratch.hash.length < length / 2 + 1) scratch = emptyWords(length + 2);
  const { hash: hashes, start: starts, end: ends, digits: digitCounts, distinctive } = scratch;
  let count = 0;
  let distinctiveCount = 0;
  let at = 0;
  while (at < length) {
    const start = at;
    let hash = BASIS;
    let digits = 0;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      // Everything beyond ASCII counts as a letter, so that accents and other scripts stay whole.
      const lower = code < 0xaa ? LOWER[code]! : code;
      if (lower > JOINER) {
        // 1 for a digit: letters and digits come in no order a processor could foresee, so a branch here is what costs.
        digits += (lower - LETTERS) >>> 31;
        hash = Math.imul(hash ^ lower, PRIME);
      } else if (
        lower === JOINER &&
        at > start &&
        isDigit(text.charCodeAt(at - 1)) &&
        isDigit(text.charCodeAt(at + 1))
      ) {
        // A dot or comma between digits belongs to the number; a comma is skipped so that 1,847 and 1847 are equal.
        if (code !== COMMA) hash = Math.imul(hash ^ code, PRIME);
      } else break;
    }
    if (at === start) {
      at++;
      continue;
    }
    hashes[count] = hash;
    starts[count] = start;
    ends[count] = at;
    digitCounts[count] = digits;
    distinctive[distinctiveCount] = count++;
    // Likewise 1 for two digits or more, and for no digit and letters enough.
    distinctiveCount += ((1 - digits) >>> 31) | (((digits - 1) & (MIN_LETTERS - 1 - at + start)) >>> 31);
  }
  scratch.count = count;
  scratch.distinctiveCount = distinctiveCount;
  return scratch;
}

/** The hash `scanWords` gives a single word in lower case. */
export function hashWord(word: string): number {
  const { count, hash } = scanWords(word);
  return count === 1 ? hash[0]! : NaN;
}

// --- internal ---

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

const MIN_LETTERS = 5;

const COMMA = 44;
/** In `LOWER` a dot or comma; 0 stands for all that separates words. */
const JOINER = 1;
/** Digits lie below, letters above. */
const LETTERS = 58;

/** The lower case of ASCII's letters and digits. */
const LOWER = Uint8Array.from({ length: 0xaa }, (_, code) => {
  const char = String.fromCharCode(code);
  return /\w/.test(char) ? char.toLowerCase().charCodeAt(0) : char === "." || char === "," ? JOINER : 0;
});

function isDigit(code: number): boolean {
  return code >= 48 && code < LETTERS;
}

let scratch = emptyWords(2100);

function emptyWords(size: number): Words {
  const column = (): Int32Array => new Int32Array(size);
  return {
    count: 0,
    distinctiveCount: 0,
    hash: column(),
    start: column(),
    end: column(),
    digits: column(),
    distinctive: column(),
  };
}
