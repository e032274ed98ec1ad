import type { Json } from "../model/json.ts";

/** How much of one payload is read, in characters. Longer payloads are read at both ends. */
const PAYLOAD_CHARS = 4000;
const MIN_WORD = 5;

/**
 * The strings and numbers of a payload as one text, in key order as sent; object keys are left out because they belong
 * to the program, not to the data. Longer than `limit`: the first and last halves.
 */
export function payloadText(value: Json | undefined, limit = PAYLOAD_CHARS): string {
  const parts: string[] = [];
  collect(value, parts, 0);
  const text = parts.length === 1 ? parts[0]! : parts.join(" \n");
  return text.length <= limit ? text : `${text.slice(0, limit / 2)} \n${text.slice(-limit / 2)}`;
}

/**
 * Visits the distinctive fragments of a text: numbers of two digits or more, identifiers with digits, and words of at
 * least five letters. `hash` ignores case; equal fragments have equal hashes. `text.slice(start, end)` is the fragment.
 * Only the first `length` characters are read; default all.
 */
export function eachFragment(
  text: string,
  visit: (hash: number, start: number, end: number) => void,
  length = text.length,
): void {
  let at = 0;
  while (at < length) {
    let type = classOf(text.charCodeAt(at));
    if (type === OTHER || type === JOINER) {
      at++;
      continue;
    }
    const start = at;
    let hash = 0x811c9dc5;
    let digits = 0;
    let before = OTHER;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      type = classOf(code);
      if (type === OTHER) break;
      if (type === DIGIT) digits++;
      // A dot or comma between digits belongs to the number; a comma is skipped so that 1,847 and 1847 are equal.
      else if (type === JOINER && (before !== DIGIT || classOf(text.charCodeAt(at + 1)) !== DIGIT)) break;
      before = type;
      if (code !== COMMA) hash = Math.imul(hash ^ (type === UPPER ? code | 32 : code), 0x01000193);
    }
    if (digits >= 2 || (digits === 0 && at - start >= MIN_WORD)) visit(hash, start, at);
  }
}

/** The distinct fragments of a text by hash, at most `limit`, in order of appearance; common words are left out. */
export function fragmentsOf(text: string, limit = 96): Map<number, string> {
  const found = new Map<number, string>();
  eachFragment(text, (hash, start, end) => {
    if (found.size < limit && !found.has(hash) && !COMMON.has(hash)) found.set(hash, text.slice(start, end));
  });
  return found;
}

/** Whether the fragment with this hash is a word that links nothing to nothing. */
export function isCommon(hash: number): boolean {
  return COMMON.has(hash);
}

// --- internal ---

const OTHER = 0;
const LETTER = 1;
const UPPER = 2;
const DIGIT = 3;
const JOINER = 4;
const COMMA = 44;

const CLASSES = Uint8Array.from({ length: 0xaa }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z_]/.test(char)) return LETTER;
  if (/[A-Z]/.test(char)) return UPPER;
  if (/[0-9]/.test(char)) return DIGIT;
  return char === "." || char === "," ? JOINER : OTHER;
});

/** Everything beyond ASCII counts as a letter, so that accents and other scripts stay whole. `NaN` is past the end. */
function classOf(code: number): number {
  return code < 0xaa ? CLASSES[code]! : code >= 0xaa ? LETTER : OTHER;
}

/** Words of the language and of the trade that link nothing to nothing. */
const COMMON = new Set<number>();
eachFragment(
  "about above after again against aimessage along already although always among another answer around " +
    "assistant available based because been before being below between called cannot constructor content " +
    "context could didn document documents does doing during each either error every false final first " +
    "following found from further given going having hello here however human humanmessage including " +
    "information input inputs into itself langchain little message messages might model more most needs " +
    "never nothing number object other output outputs please provide provided question result results " +
    "return right schema search second should since something still string system systemmessage thank " +
    "thanks their them then there these they thing things think this those three through tool toolmessage " +
    "total true under until upon user using value very want were what when where whether which while will " +
    "with within without would your yourself",
  (hash) => COMMON.add(hash),
);

function collect(value: Json | undefined, parts: string[], depth: number): void {
  if (typeof value === "string") parts.push(value);
  else if (typeof value === "number") parts.push(String(value));
  else if (typeof value === "object" && value !== null && depth < 32) {
    for (const item of Array.isArray(value) ? value : Object.values(value)) collect(item, parts, depth + 1);
  }
}
