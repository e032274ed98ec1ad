import type { JsonObject } from "../model/json.ts";
import type { Step } from "./execution-order.ts";
import { isSource } from "./symptom/span-nature.ts";
import { payloadText } from "./fragment.ts";

/** One way of saying what a span did, without what it said it about. Equal behaviour gives equal text. */
export type Signature = string;

/**
 * The signatures of a step, from coarse to fine: what it is and how it ended, what it came after, how each of its scores
 * fell (in fifths), which arguments it had, and for tools, retrievers and errors the masked beginning of what came back.
 * What a model wrote freely is left out: no two are alike, and the counts would grow without bound.
 */
export function signaturesOf(steps: readonly Step[], index: number): Signature[] {
  const { span } = steps[index]!;
  const phrases = phrasesOf(steps);
  const what = phrases.what(span.kind, span.name);
  const signatures = [phrases.ended(what, span.status)];
  const before = steps[index - 1];
  if (before && index > 1) signatures.push(phrases.after(what, phrases.outcome(before.span.name, before.span.status)));
  for (const { key, score } of span.scores) {
    if (score !== null)
      signatures.push(
        `${what} scored ${key} ${Math.floor(Math.min(4, score * 5)) / 5} to ${Math.floor(Math.min(4, score * 5)) / 5 + 0.2}`,
      );
  }
  if (isSource(span)) {
    const argumentNames = phrases.argumentNames(span.inputs);
    if (argumentNames !== "") signatures.push(phrases.called(what, argumentNames));
    signatures.push(`${what} returned ${template(payloadText(span.outputs))}`);
  }
  if (span.error) signatures.push(`${what} failed with ${template(span.error)}`);
  return signatures;
}

/** The first words of a text with everything that varies masked: numbers, ids, quoted strings, addresses. */
export function template(text: string): string {
  const beginning = text.slice(0, 160).replace(QUOTED, "<s>");
  const words: string[] = [];
  for (let start = 0; start < beginning.length && words.length < MAX_WORDS;) {
    let end = start;
    while (end < beginning.length && !isSpace(beginning, end)) end++;
    if (end > start) {
      const word = beginning.slice(start, end);
      words.push(VARIES.test(word) ? "<v>" : word);
    }
    start = end + 1;
  }
  return words.length === 0 ? "nothing" : words.join(" ");
}

// --- internal ---

const MAX_WORDS = 6;

const QUOTED = /"[^"]*"|'[^']*'|`[^`]*`/g;
const VARIES = /\d|:\/\/|@/;

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code < 14 && code > 8) || (code > 127 && /\s/.test(text[at]!));
}

/**
 * Most steps are described in the words of an earlier one. A text that was put together once is looked up in a spectrum
 * several times faster than its like.
 */
function createPhrases() {
  let lastNames: string[] = [];
  let lastList = "";
  return {
    what: remembering((kind, name) => `${kind} ${name}`),
    ended: remembering((what, status) => `${what} ended with ${status}`),
    outcome: remembering((name, status) => `${name} (${status})`),
    after: remembering((what, outcome) => `${what} after ${outcome}`),
    called: remembering((what, argumentNames) => `${what} called with ${argumentNames}`),
    argumentNames: (inputs: JsonObject): string => {
      const names = Object.keys(inputs);
      if (names.length === lastNames.length && names.every((name, i) => name === lastNames[i])) return lastList;
      lastNames = names;
      return (lastList = names.toSorted().join(", "));
    },
  };
}

function remembering(join: (first: string, second: string) => string): typeof join {
  const known = new Map<string, Map<string, string>>();
  return (first, second) => {
    let texts = known.get(first);
    if (!texts) known.set(first, (texts = new Map()));
    let text = texts.get(second);
    if (text === undefined) texts.set(second, (text = join(first, second)));
    return text;
  };
}

const remembered = new WeakMap<readonly Step[], ReturnType<typeof createPhrases>>();

function phrasesOf(steps: readonly Step[]): ReturnType<typeof createPhrases> {
  let phrases = remembered.get(steps);
  if (!phrases) remembered.set(steps, (phrases = createPhrases()));
  return phrases;
}
