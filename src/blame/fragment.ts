import type { Json } from "../model/json.ts";
import { scanWords } from "./scan-words.ts";

/** How much of one payload is read, in characters. Longer payloads are read at both ends. */
const PAYLOAD_CHARS = 4000;
/** Prose has a fragment every ten characters or so. */
const CHARS_A_FRAGMENT = 15;
/** Between the parts of a payload. */
const SEPARATOR = " \n";

/**
 * The strings and numbers of a payload as one text, in key order as sent; object keys are left out because they belong
 * to the program, not to the data. Longer than `limit`: the first and last halves.
 */
export function payloadText(value: Json | undefined, limit = PAYLOAD_CHARS): string {
  const parts: string[] = [];
  collect(value, parts, 0);
  return shortened(parts.length === 1 ? parts[0]! : parts.join(SEPARATOR), limit);
}

/**
 * The length of `payloadText(value)`, without putting it together, and a hash of a few of its characters: equal payloads
 * have equal prints, and most others differ.
 */
export function payloadPrint(value: Json | undefined): { length: number; print: number } {
  const parts: string[] = [];
  collect(value, parts, 0);
  let length = SEPARATOR.length * Math.max(0, parts.length - 1);
  let print = 0;
  for (const part of parts) {
    length += part.length;
    for (let i = 1; i <= 4; i++) print = (Math.imul(print, 31) + part.charCodeAt((part.length * i) >> 3)) | 0;
  }
  return { length: length <= PAYLOAD_CHARS ? length : PAYLOAD_CHARS + SEPARATOR.length, print };
}

/** A text longer than `limit` as its first and last halves. */
export function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit / 2)}${SEPARATOR}${text.slice(-limit / 2)}`;
}

/**
 * Hashes of the distinct fragments (distinctive words) of a text, at most `limit`, in order of appearance; common words
 * are left out. A text is read only as far as so many fragments usually reach.
 */
export function fragmentHashes(text: string, limit = 96): Set<number> {
  const { distinctiveCount, hash, distinctive } = scanWords(text, Math.min(text.length, limit * CHARS_A_FRAGMENT));
  const found = new Set<number>();
  for (let f = 0; f < distinctiveCount && found.size < limit; f++) {
    const fragment = hash[distinctive[f]!]!;
    if (!isCommon(fragment)) found.add(fragment);
  }
  return found;
}

/** Whether the fragment with this hash is a word that links nothing to nothing. */
export function isCommon(hash: number): boolean {
  return LIKELY[hash & 0xfff] === 1 && COMMON.has(hash);
}

// --- internal ---

/** Words of the language and of the trade that link nothing to nothing. */
const COMMON = new Set<number>();
/** Low bits of their hashes: nearly all other words are turned away by one look. */
const LIKELY = new Uint8Array(0x1000);
{
  const { count, hash } = scanWords(
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
  );
  for (let i = 0; i < count; i++) {
    COMMON.add(hash[i]!);
    LIKELY[hash[i]! & 0xfff] = 1;
  }
}

function collect(value: Json | undefined, parts: string[], depth: number): void {
  if (typeof value === "string") parts.push(value);
  else if (typeof value === "number") parts.push(String(value));
  else if (typeof value === "object" && value !== null && depth < 32) {
    if (Array.isArray(value)) for (const item of value) collect(item, parts, depth + 1);
    else for (const key in value) collect(value[key], parts, depth + 1);
  }
}
