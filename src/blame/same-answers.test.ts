import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import type { JsonObject } from "../model/json.ts";
import type { Trace } from "../model/trace.ts";
import { learnNormality } from "./deviation.ts";
import { payloadPrint, payloadText } from "./fragment.ts";
import { climbLadder, rankerExample } from "./ladder.ts";
import { trainRanker } from "./ranker.ts";
import { template } from "./signature.ts";
import { countSpectrum } from "./spectrum.ts";
import { headOf } from "./text-head.ts";
import { scoreOn, sketchTrace } from "./trace.fixture.ts";
import { scanWords } from "./scan-words.ts";

/**
 * What was recorded before blame was made faster. A change that means to alter answers, and shows with the benchmark that
 * they are better, records a new one.
 */
const RECORDED = "b7b38621bfa2b5432dc642cf8013d3bb48e509e9739ebd41e0cb918b9439bfd0";

it("gives the recorded answers, with and without history and ranker", () => {
  const history = Array.from({ length: 30 }, (_, i) => wanderingTrace(20, i));
  const spectrum = countSpectrum(history.map((trace, i) => ({ trace, failed: i % 3 === 0 })));
  const options = { threshold: 0.5, spectrum, normality: learnNormality(history) };
  const examples = history.map((trace, i) => rankerExample(trace, [], `${i}/${1 + (i % 5)}`, options)!);
  const ranker = { ...trainRanker(examples, { trees: 60, assess: false })!, heldOut: { traces: 30, top1: 1, top3: 1 } };
  const hash = createHash("sha256").update(json([spectrum, options.normality, examples]));
  for (const trace of [...history, wanderingTrace(400, 99)]) {
    const scores = trace.spans.filter((_, i) => i % 6 === 0).map(({ id }) => scoreOn(id, "quality", 0.2));
    hash.update(json(climbLadder(trace, scores, { threshold: 0.5 })));
    hash.update(json(climbLadder(trace, scores, options)));
    hash.update(json(climbLadder(trace, scores, { ...options, ranker })));
  }
  expect(hash.digest("hex")).toBe(RECORDED);
});

it("masks the first words of a text as it would mask the whole", () => {
  const piece = fc.constantFrom("a", "word", " ", "\n", "7", '"', "'", "://", "@", "`", "é");
  const texts = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
  const whole = (text: string): string =>
    text
      .slice(0, 160)
      .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "<s>")
      .replace(/\S*(?:\d|:\/\/|@)\S*/g, "<v>")
      .split(/\s+/)
      .filter((word) => word !== "")
      .slice(0, 6)
      .join(" ") || "nothing";
  fc.assert(
    fc.property(texts, (text) => {
      expect(template(text)).toBe(whole(text));
    }),
  );
});

it("knows the length of a payload's text without the text", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(5000), (value, long) => {
      const payload = { value, long: "x".repeat(long) } as JsonObject;
      expect(payloadPrint(payload).length).toBe(payloadText(payload).length);
    }),
  );
});

it("finds the same head in words of the whole text and in the head itself", () => {
  const piece = fc.constantFrom("seven", "1", "8", ".", ",", " ", "|", "\n", "Antwerp", "x9");
  const texts = fc.array(piece, { minLength: 60, maxLength: 300 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(texts, (text) => {
      const { distinctive, hash } = scanWords(text);
      const question = new Set([hash[distinctive[0]!]!, hash[distinctive[3]!]!, hash[distinctive[20]!]!]);
      expect(headOf(text, question, scanWords(text))).toEqual(headOf(text, question));
    }),
  );
});

/** Nine digits: the last ones are the business of each Node's logarithms. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "number" ? Number(item.toPrecision(9)) : item));
}

/** Searches, models and tools that hand words and numbers on, sometimes empty, in error, as JSON or said before. */
function wanderingTrace(size: number, seed: number): Trace {
  const random = randomSource(seed);
  const drawn = (below: number): number => Math.floor(random() * below);
  const prose = (words: number): string =>
    Array.from({ length: words }, () => WORDS[drawn(2 * WORDS.length)] ?? String(drawn(5000))).join(
      drawn(9) ? " " : "; ",
    );
  const sketches = Array.from({ length: size }, (_, i) => ({
    id: `${seed}/${i}`,
    ...(i > 0 && { parentId: `${seed}/${Math.floor((i - 1) / 3)}` }),
    name: ["plan", "search", "answer", "fetch"][drawn(4)]!,
    kind: ["llm", "retriever", "llm", "tool"][drawn(4)]!,
    inputs: { query: prose(drawn(30)), at: drawn(3) } as JsonObject,
    outputs: (drawn(12) === 0
      ? {}
      : drawn(15) === 0
        ? { json: `{"a": ${prose(2)}}` }
        : { text: prose(drawn(90)), n: drawn(99) }) as JsonObject,
    usage: { completionTokens: drawn(500) },
    ...(drawn(11) === 0 && { error: `failed "${prose(2)}" at ${drawn(999)}: ${prose(3)}` }),
  }));
  return sketchTrace(sketches, `trace-${seed}`);
}

const WORDS: readonly string[] =
  "Antwerp harbour Sourdough hours therefore assume 1,847 3.50 W48213377 cannot find the of invoice customer policy".split(
    " ",
  );
