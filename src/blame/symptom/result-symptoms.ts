import type { Evidence } from "../../model/failure.ts";
import type { Span } from "../../model/trace.ts";
import type { Step } from "../execution-order.ts";
import { wordsOf } from "../trace-words.ts";
import type { TraceWords } from "../trace-words.ts";
import type { Bag } from "../vocabulary.ts";
import { clip, isEmpty, isLookup, isSource } from "./span-nature.ts";

/** What is wrong with the shape of what each step returned: nothing, broken JSON, or results about something else. */
export function resultSymptoms(steps: readonly Step[]): (Evidence | null)[] {
  const root = steps[0]!.span;
  const words = wordsOf(steps);
  const overlap = overlapCounter();
  return steps.map(({ span, parent }, i) => {
    if (parent < 0) return null;
    if (span.endAt === null)
      return root.endAt === null ? null : structure("never finished although the trace did", 0.5);
    const text = words.texts[i]!;
    if (text.trim() === "" && isEmpty(span.outputs)) return nothing(span);
    if (!isSource(span)) return null;
    if (NOTHING_FOUND.test(text)) return structure(`returned "${clip(text, 60)}"`, isLookup(span) ? 0.45 : 0.35);
    return brokenJson(span) ?? (isLookup(span) ? offTopic(words, i, overlap) : null);
  });
}

// --- internal ---

const NOTHING_FOUND =
  /^\W*(no|0|zero) ([\w-]+ ){0,2}(results?|match(es)?|records?|documents?|entries|items)\b|^\W*(nothing|none|not) found\b/i;

function structure(text: string, weight: number): Evidence {
  return { kind: "structure", text, weight };
}

function nothing(span: Span): Evidence | null {
  if (isLookup(span)) return structure("retrieved nothing", 0.6);
  if (isSource(span)) return structure("returned nothing", 0.35);
  return span.kind === "llm" ? structure("the model returned nothing", 0.45) : null;
}

/** One text that opens like JSON, closes like JSON, and is not: cut-off texts are left alone, recorders cut them. */
function brokenJson(span: Span): Evidence | null {
  const values = Object.values(span.outputs ?? {});
  const text = values.length === 1 && typeof values[0] === "string" ? values[0].trim() : "";
  if (text.length > 20_000 || !/^(\{\s*["}]|\[\s*[[{"\]\d])/.test(text) || !/[}\]]$/.test(text)) return null;
  try {
    JSON.parse(text);
    return null;
  } catch {
    return { kind: "schema", text: `returned JSON that does not parse: ${clip(text, 60)}`, weight: 0.5 };
  }
}

/** Share of the query's distinctive words below which a lookup counts as off topic. */
const ON_TOPIC = 0.34;

/** Words of a query that are compared. */
const MAX_QUERY = 60;

function offTopic(
  { bags, fragments, given, inputsOf }: TraceWords,
  step: number,
  overlapOf: (query: Bag, bag: Bag) => number,
): Evidence | null {
  // Two words or three say little: a lookup may answer with a bare value.
  if (fragments[step]! < 4) return null;
  const own = inputsOf(step);
  const query = (own.length > 0 ? own : given).subarray(0, MAX_QUERY);
  if (query.length < 2) return null;
  const held = overlapOf(query, bags[step]!);
  const overlap = held / query.length;
  if (overlap >= ON_TOPIC) return null;
  const sentence = `only ${held} of ${query.length} distinctive words of the query occur in what came back`;
  return structure(sentence, 0.6 - 0.4 * (overlap / ON_TOPIC));
}

/** Counts how many fragments two bags share. */
function overlapCounter(): (query: Bag, bag: Bag) => number {
  let marks = new Int32Array(1024);
  let round = 0;
  return (query, bag) => {
    round++;
    for (let i = 0; i < query.length; i++) {
      const fragment = query[i]!;
      if (fragment >= marks.length) marks = grown(marks, 2 * fragment);
      marks[fragment] = round;
    }
    let held = 0;
    for (let i = 0; i < bag.length; i++) if (marks[bag[i]!] === round) held++;
    return held;
  };
}

function grown(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const marks = new Int32Array(length);
  marks.set(old);
  return marks;
}
