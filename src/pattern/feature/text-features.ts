import type { Json } from "../../model/json.ts";

/** Characters of a payload that are looked at; what a text is about shows early. */
const MAX_TEXT = 4_000;

/** The strings of a value, joined, up to a limit. */
function textOf(value: Json | undefined): string {
  const parts: string[] = [];
  let left = MAX_TEXT;
  const collect = (one: Json | undefined): void => {
    if (left <= 0 || one === null || one === undefined) return;
    if (typeof one === "string") {
      parts.push(one.slice(0, left));
      left -= one.length;
    } else if (typeof one === "object") {
      for (const item of Array.isArray(one) ? one : Object.values(one)) collect(item);
    }
  };
  collect(value);
  return parts.join(" ");
}

/** Distinct words of four letters or more, lower case: shorter ones are mostly grammar. */
function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/\p{L}{4,}/gu));
}

/**
 * Share of the words of `inputs` that `outputs` mention, 0 to 1; `null` when the inputs have fewer than two. A search that
 * answers about something else, or an answer that lost the question, shows as a low value without any judge.
 */
export function wordOverlap(inputs: Json | undefined, outputs: Json | undefined): number | null {
  const asked = wordsOf(textOf(inputs));
  if (asked.size < 2 || outputs === null || outputs === undefined) return null;
  const told = wordsOf(textOf(outputs));
  let found = 0;
  for (const word of asked) if (told.has(word)) found += 1;
  return found / asked.size;
}

/** Whether some string of the value begins like a JSON object or list of objects but does not parse. */
export function hasBrokenJson(value: Json | undefined): boolean {
  if (typeof value === "string") return /^\s*(\{\s*["}]|\[\s*[{\]])/.test(value) && !parses(value);
  if (value === null || typeof value !== "object") return false;
  return (Array.isArray(value) ? value : Object.values(value)).some(hasBrokenJson);
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
