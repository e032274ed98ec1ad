import { describe, expect, it } from "vitest";
import { fragmentsOf, payloadText } from "./fragment.ts";

const found = (text: string) => [...fragmentsOf(text).values()];

describe("fragmentsOf", () => {
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
    const hashes = (text: string) => [...fragmentsOf(text).keys()];
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
