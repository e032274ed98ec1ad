import { describe, expect, it } from "vitest";
import { fragmentHashes, payloadText } from "./fragment.ts";
import { createVocabulary } from "./vocabulary.ts";

function found(text: string): string[] {
  const vocabulary = createVocabulary();
  return Array.from(vocabulary.add(text).bag, vocabulary.wordOf);
}

describe("fragments", () => {
  it("takes what tells texts apart: numbers, ids and longer words, each once, as written", () => {
    expect(found("Buy W48-213377 of Antwerp, Antwerp: 1,847.50 EUR for 3 men")).toEqual([
      "W48",
      "213377",
      "Antwerp",
      "1,847.50",
    ]);
  });

  it("leaves out words of the language and of the trade", () => {
    expect(found("There was nothing about which the assistant could provide information")).toEqual([]);
  });

  it("sees the same number and the same word however they are written", () => {
    const hashes = (text: string) => [...fragmentHashes(text)];
    expect(hashes("1,847")).toEqual(hashes("1847"));
    expect(hashes("ANTWERP")).toEqual(hashes("antwerp"));
    expect(hashes("1.5")).not.toEqual(hashes("15"));
  });

  it("keeps a full stop or a list's comma out of a number", () => {
    expect(found("It was 1934. Then 17, 23,")).toEqual(["1934", "17", "23"]);
  });

  it("keeps words of other scripts whole", () => {
    expect(found("Übermäßig große Straße")).toEqual(["Übermäßig", "große", "Straße"]);
  });
});

describe("createVocabulary", () => {
  it("knows a fragment again in another text, and counts repeated and common ones too", () => {
    const vocabulary = createVocabulary();
    const first = vocabulary.add("Antwerp, Antwerp and nothing about 1847");
    expect(first.fragments).toBe(5);
    const second = vocabulary.add("the 1847 ANTWERP treaty");
    expect([...second.bag]).toEqual([first.bag[1], first.bag[0], vocabulary.size()]);
    expect(second.bag.length).toBe(3);
    expect([vocabulary.hasDigit(first.bag[0]!), vocabulary.hasDigit(first.bag[1]!)]).toEqual([false, true]);
  });

  it("has room for any number of fragments", () => {
    const vocabulary = createVocabulary();
    const words = Array.from({ length: 5000 }, (_, i) => `w${1000 + i}`);
    const { bag } = vocabulary.add(words.join(" "));
    expect(Array.from(bag, vocabulary.wordOf)).toEqual(words);
  });
});

describe("payloadText", () => {
  it("joins the values of a payload, not its keys", () => {
    expect(payloadText({ secretKey: "a", list: [1, { deep: "b" }], none: null, flag: true })).toBe("a \n1 \nb");
  });

  it("reads long payloads at both ends", () => {
    const text = payloadText({ text: `start${"x".repeat(50_000)}finish` });
    expect(text.length).toBeLessThan(5000);
    expect(text.startsWith("start")).toBe(true);
    expect(text.endsWith("finish")).toBe(true);
  });

  it("survives payloads nested without end", () => {
    let deep: object = { text: "bottom" };
    for (let i = 0; i < 20_000; i++) deep = { deep };
    expect(payloadText(deep as never)).toBe("");
  });
});
