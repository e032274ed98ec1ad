/** What varies from one occurrence of a message to the next, most specific first. The order matters: a URL holds numbers. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\bhttps?:\/\/[^\s"'<>)\]]+/gi, "<url>"],
  [/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g, "<email>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<id>"],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b/g, "<time>"],
  [/\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b/g, "<time>"],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, "<ip>"],
  [/(?<![\w.])(?:\/[\w.@-]+){2,}\/?/g, "<path>"],
  [/\b[A-Za-z]:\\[^\s"']+/g, "<path>"],
  [/\b(?:[a-z\d-]+\.)+(?:com|org|net|edu|gov|io|dev|cloud|local|internal|[a-z]{2})(?::\d+)?\b(?![.(])/gi, "<host>"],
  [/\b0x[0-9a-f]+\b/gi, "<id>"],
  // Ids mix digits and letters; a word with a digit at its end (gpt4, step2) is still a word.
  [/\b(?=[a-z]*\d)(?=\d*[a-z])(?:[a-z]+\d+[a-z]+\w*|\d+[a-z]+\d+\w*|[0-9a-f]{12,})\b/gi, "<id>"],
  [/\b[a-z]*[_-]?\d+(?:[_-]\w*\d\w*)+\b/gi, "<id>"],
  [/"[^"\n]{1,200}"|`[^`\n]{1,200}`|“[^”\n]{1,200}”/g, "<text>"],
  [/\b[a-z]+[_-]\d{3,}\b/gi, "<id>"],
  // Names of tools, fields and functions; what happened is in the words around them.
  [/\b[a-z]+(?:_[a-z]+)+\b(?:\(\))?/g, "<name>"],
  // Apostrophes quote only when they stand at the edge of words: don't and agent's stay whole.
  [/(?<![\w'])'[^'\n]{1,200}'(?!\w)/g, "<text>"],
  [/(?<![\w<])[-+]?[$€£]?\d[\d,]*(?:\.\d+)?%?(?!\w)/g, "<number>"],
];

/** A list of things of one kind is one such thing, however many it holds. */
const LISTS = /(<\w+>)(?:(?: ?, ?| and | or | )\1)+/g;

/** Reasons are short; what is longer is a payload, and its beginning says what it is. Bounds the time, too. */
const MAX_CHARS = 2000;

/** The first 2,000 characters with everything that varies between occurrences replaced by what kind of thing it is. */
export function maskText(text: string): string {
  const masked = MASKS.reduce((rest, [pattern, mask]) => rest.replace(pattern, mask), text.slice(0, MAX_CHARS));
  return masked.replace(/\s+/g, " ").replace(LISTS, "$1").trim();
}
