import type { Step } from "./execution-order.ts";
import { countManners, MANNERS } from "./feature/manners.ts";
import { fragmentHashes, payloadPrint, payloadText } from "./fragment.ts";
import { headOf } from "./text-head.ts";
import type { Head } from "./text-head.ts";
import { scanWords } from "./scan-words.ts";
import type { Words } from "./scan-words.ts";
import { createVocabulary } from "./vocabulary.ts";
import type { Bag, Vocabulary } from "./vocabulary.ts";

/** The words of a trace, read once for all rungs. Lists are aligned with the steps. */
export interface TraceWords {
  vocabulary: Vocabulary;
  /** The text of each step's outputs. */
  texts: readonly string[];
  /** Characters in the text of each step's inputs. */
  inputLengths: Int32Array;
  /** Equal for steps with equal inputs, and for few others. */
  inputPrints: Int32Array;
  /** The distinct fragments of each step's outputs. */
  bags: readonly Bag[];
  /** Fragments in each step's outputs, repeated and common ones included. */
  fragments: readonly number[];
  /** Words of all kinds in each step's outputs, and digits in them. */
  words: readonly number[];
  digits: readonly number[];
  /** What the beginning of each step's outputs looks like. */
  heads: readonly Head[];
  /** How often each step speaks in each of the `MANNERS`, row by row. */
  manners: Int32Array;
  /** The fragments of the root's inputs: what the user gave. */
  given: Bag;
  /** The first fragments of a step's inputs, at most 96. */
  inputsOf(step: number): Bag;
}

/** The words of these steps: read on first use, remembered as long as the array of steps is. Linear in text. */
export function wordsOf(steps: readonly Step[]): TraceWords {
  let words = remembered.get(steps);
  if (!words) remembered.set(steps, (words = readWords(steps)));
  return words;
}

/** A text is read only as far as so many fragments usually reach: prose has one every ten characters or so. */
export function firstFragments(vocabulary: Vocabulary, text: string): Bag {
  return vocabulary.add(text.slice(0, MAX_FRAGMENTS * 15)).bag.subarray(0, MAX_FRAGMENTS);
}

// --- internal ---

const remembered = new WeakMap<readonly Step[], TraceWords>();

const GIVEN_CHARS = 20_000;
const MAX_FRAGMENTS = 96;

function readWords(steps: readonly Step[]): TraceWords {
  const texts = steps.map(({ span }) => payloadText(span.outputs));
  const question = payloadText(steps[0]!.span.inputs, GIVEN_CHARS);
  const asked = fragmentHashes(payloadText(steps[0]!.span.inputs));
  const vocabulary = createVocabulary(expectedFragments(texts));
  const manners = new Int32Array(steps.length * MANNERS.length);
  const [heads, bags, inputs]: [Head[], Bag[], Bag[]] = [[], [], []];
  const [fragments, wordCounts, digits]: [number[], number[], number[]] = [[], [], []];
  for (const [step, text] of texts.entries()) {
    const words = scanWords(text);
    countManners(words, manners, step * MANNERS.length);
    const added = vocabulary.add(text, words);
    bags.push(added.bag);
    fragments.push(added.fragments);
    wordCounts.push(words.count);
    digits.push(digitsIn(words));
    heads.push(headOf(text, asked, words));
  }
  const inputLengths = new Int32Array(steps.length);
  const inputPrints = new Int32Array(steps.length);
  for (const [step, { span }] of steps.entries()) {
    const { length, print } = payloadPrint(span.inputs);
    inputLengths[step] = length;
    inputPrints[step] = print;
  }
  return {
    vocabulary,
    texts,
    manners,
    heads,
    inputLengths,
    inputPrints,
    bags,
    fragments,
    words: wordCounts,
    digits,
    given: vocabulary.add(question).bag,
    inputsOf: (step) => (inputs[step] ??= firstFragments(vocabulary, payloadText(steps[step]!.span.inputs))),
  };
}

/** A guess to begin with: words repeat, all the more the longer the trace. */
function expectedFragments(texts: readonly string[]): number {
  let characters = 0;
  for (const text of texts) characters += text.length;
  return Math.min(1 << 13, 64 + Math.floor(characters / 20));
}

function digitsIn({ count, digits }: Words): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += digits[i]!;
  return sum;
}
