import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../model/json.ts";
import type { Score } from "../../model/score.ts";
import type { Evaluator } from "../evaluator.ts";
import { inputsFixture, spanFixture, traceFixture } from "../trace.fixture.ts";
import { groundedness } from "./groundedness.ts";
import { jsonSchema } from "./json-schema.ts";
import { language } from "./language.ts";
import { length } from "./length.ts";
import { matches } from "./matches.ts";
import { refusal } from "./refusal.ts";
import { repetition } from "./repetition.ts";
import { retrievalRelevance } from "./retrieval-relevance.ts";

const POLICY = "Items may be returned within 30 days of delivery. Refunds go to the original payment method.";

async function judge(evaluator: Evaluator, outputs: JsonObject | null, documents?: unknown[]): Promise<Score[]> {
  const trace = traceFixture(
    spanFixture({ id: "root", inputs: { question: "How long may I return items?" }, outputs }),
    ...(documents
      ? [
          spanFixture({
            id: "find",
            kind: "retriever",
            inputs: { query: "How long may I return items?" },
            outputs: { documents: documents as string[] },
          }),
        ]
      : []),
  );
  const scores = await Promise.all(inputsFixture(evaluator, trace).map((input) => evaluator.evaluate(input)));
  return scores.flat();
}

describe("groundedness", () => {
  const score = async (answer: string, documents?: unknown[]) =>
    (await judge(groundedness(), { answer }, documents))[0];

  it("tells supported, partly supported and invented answers apart", async () => {
    expect((await score("You may return items within 30 days of delivery.", [POLICY]))?.score).toBe(1);
    const partly = await score("Items may be returned within 30 days. A restocking fee of 15 dollars applies.", [
      POLICY,
    ]);
    expect(partly?.score).toBeGreaterThan(0.2);
    expect(partly?.score).toBeLessThan(0.7);
    expect(partly?.comment).toMatch(/restock.*15.*dollar/);
    expect((await score("Our giraffes wear spectacles.", [POLICY]))?.score).toBe(0);
  });

  it("holds a wrong number against the whole sentence", async () => {
    const right = await score("Items may be returned within 30 days of delivery.", [POLICY]);
    const wrong = await score("Items may be returned within 90 days of delivery.", [POLICY]);
    expect(right?.score).toBe(1);
    expect(wrong?.score).toBeLessThan(0.5);
  });

  it("reads numbers however they are written", async () => {
    expect(
      (await score("It costs 1250 euros.", ["The price is 1,250.00 euros and it costs that everywhere."]))?.score,
    ).toBe(1);
  });

  it("fails claims made on nothing, and judges neither abstention nor what retrieves nothing", async () => {
    expect(await score("Items may be returned.", [])).toMatchObject({ score: 0 });
    expect(await score("I don't know how long you may return items.", [POLICY])).toMatchObject({ score: null });
    expect(await score("Items may be returned.")).toMatchObject({ score: null });
    expect((await judge(groundedness(), null, [POLICY]))[0]).toMatchObject({ score: null, comment: "no answer" });
  });

  it("reads documents, messages and other languages, and takes both sides from elsewhere", async () => {
    const message = {
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: "Refunds go to the payment method." },
      ],
    };
    const document = { page_content: POLICY, metadata: { source: "giraffe" } };
    expect((await judge(groundedness(), message, [document]))[0]?.score).toBe(1);
    expect((await score("退款将退回原付款方式。", ["退款将在三十天内退回原付款方式。"]))?.score).toBeGreaterThan(0.7);
    const mapped = groundedness({ key: "faithfulness", answer: "outputs.text", contexts: "outputs.context" });
    expect((await judge(mapped, { text: "Refunds go.", context: [POLICY] }))[0]).toMatchObject({
      key: "faithfulness",
      score: 1,
    });
  });
});

describe("retrievalRelevance", () => {
  it("scores each retriever run by the question words its documents have", async () => {
    const good = await judge(retrievalRelevance(), {}, ["Nothing here.", "How long items may be returned: 30 days."]);
    expect(good).toMatchObject([{ score: 1, spanId: "find" }]);
    const [bad] = await judge(retrievalRelevance(), {}, ["Giraffes are tall."]);
    expect(bad).toMatchObject({ score: 0, comment: expect.stringContaining("not retrieved: long, return, item") });
    expect((await judge(retrievalRelevance(), {}, []))[0]).toMatchObject({
      score: 0,
      comment: "nothing was retrieved",
    });
    const spread = ["long", "return items"];
    expect((await judge(retrievalRelevance({ combine: "together" }), {}, spread))[0]?.score).toBe(1);
    expect((await judge(retrievalRelevance({ combine: "mean" }), {}, spread))[0]?.score).toBeCloseTo(0.5);
    expect(await judge(retrievalRelevance(), {})).toEqual([]);
  });
});

describe("jsonSchema", () => {
  const evaluator = jsonSchema({ schema: { type: "object", required: ["a"] }, value: "outputs.answer" });
  it.each([
    [{ a: 1 }, 1, undefined],
    ['{"a":1}', 1, undefined],
    ['```json\n{"a":1}\n```', 1, undefined],
    ["{}", 0, 'value must have the property "a"'],
    ['{"a":', 0, expect.stringContaining("not JSON")],
    [undefined, 0, "there is no value to validate"],
  ])("judges %j", async (answer, score, comment) => {
    const [result] = await judge(evaluator, { answer });
    expect(result?.score).toBe(score);
    expect(result?.comment).toEqual(comment);
  });

  it("refuses a schema it cannot check", () => {
    expect(() => jsonSchema({ schema: { $ref: "http://x" } })).toThrow(/cannot be used/);
  });
});

describe("matches, length, repetition, refusal, language", () => {
  it.each<[string, Evaluator, string, number | null]>([
    ["matches", matches({ pattern: /\border-\d+/i }), "See ORDER-12", 1],
    ["matches not", matches({ pattern: "secret", expected: false }), "no secrets", 0],
    ["length in words", length({ max: 3 }), "one two three", 1],
    ["length over", length({ max: 3 }), "one two three four", 0],
    ["length in characters", length({ min: 2, unit: "characters" }), "😀", 0],
    ["repetition of prose", repetition(), Array.from({ length: 40 }, (_, i) => `w${i}`).join(" "), 1],
    ["too short to repeat", repetition(), "again and again", null],
    ["refusal", refusal(), "I'm sorry, but I can't help with that request.", 0],
    ["refusal with a curly apostrophe", refusal(), "I’m unable to assist with this.", 0],
    ["German refusal", refusal(), "Dabei kann ich Ihnen leider nicht helfen.", 0],
    ["an apology is no refusal", refusal(), "Sorry for the delay! Your parcel arrives on Monday.", 1],
    ["an answer about refusing is none", refusal(), "The bank can refuse a transfer if the account is closed.", 1],
    ["not knowing is no refusal", refusal(), "I don't know who won in 1998.", 1],
    ["the question's language", language(), "You can return them within thirty days.", 1],
    ["another language", language(), "Sie können die Ware innerhalb von dreißig Tagen an uns zurückgeben.", 0],
    [
      "an expected language",
      language({ expected: ["de", "fr"] }),
      "Vous pouvez les retourner dans les trente jours.",
      1,
    ],
    ["too short to tell", language(), "42", null],
  ])("%s", async (_name, evaluator, answer, score) => {
    expect((await judge(evaluator, { answer }))[0]?.score).toBe(score);
  });

  it("counts phrases said again", async () => {
    const [result] = await judge(repetition(), { answer: "I will now check the order status. ".repeat(30) });
    expect(result?.score).toBeLessThan(0.1);
    expect(result?.comment).toMatch(/said \d+ times/);
  });

  it("refuses bounds and patterns that cannot work", () => {
    expect(() => length({})).toThrow(/bounds/);
    expect(() => length({ min: 3, max: 1 })).toThrow(/bounds/);
    expect(() => matches({ pattern: "(a)\\1" })).toThrow(/cannot be used/);
  });
});
