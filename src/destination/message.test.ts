import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aContext, aDelivery } from "../../test/servers/a-delivery.ts";
import { notify, webhook } from "./action-helpers.ts";
import { codeBlock } from "../internal/text/code-block.ts";
import { codeSpan, markdownMessage } from "./markdown-message.ts";
import { messageOf } from "./message.ts";
import { excerptOf, plainText } from "./plain-text.ts";

describe("the message of a delivery", () => {
  it("takes title, text, link and data from the action and the rest from the failure", () => {
    const action = notify("team", {
      title: "T",
      text: "one\ntwo",
      url: "https://x.example/a b",
      data: { model: "m", n: 3, none: null },
    });
    expect(messageOf(aDelivery(action))).toMatchObject({
      title: "T",
      text: "one\ntwo",
      url: "https://x.example/a%20b",
      evidence: ["retrieval relevance 0.21 is below 0.5"],
      facts: [
        { label: "Loop", value: "faithfulness" },
        { label: "Score", value: "faithfulness 0.31, below 0.7" },
        { label: "Culprit", value: "retrieval (retriever)" },
        { label: "Trace" },
        { label: "Span" },
        { label: "model", value: "m" },
        { label: "n", value: "3" },
      ],
    });
  });

  it("has a title without an action's, with and without a failure", () => {
    expect(messageOf(aDelivery(webhook("https://x.example"))).title).toBe("faithfulness: faithfulness 0.31, below 0.7");
    expect(messageOf(aDelivery(notify("team"), { context: {} })).title).toBe("faithfulness: failure");
    expect(messageOf(aDelivery(notify("team"), { context: aContext("t", { culprit: null }) })).evidence).toEqual([]);
  });

  it("has a title, and no link too long to follow, whatever a trace put there", () => {
    const action = notify("team", { title: " \u0000\n", url: `https://x.example/${"a".repeat(3_000)}` });
    expect(messageOf(aDelivery(action))).toMatchObject({
      title: "faithfulness: faithfulness 0.31, below 0.7",
      url: null,
    });
  });

  it("calls the loop by its name, not its id", () => {
    expect(messageOf(aDelivery(notify("team"), { loop: "0198-id" })).title).toMatch(/^faithfulness: /);
  });

  it("is bounded, whatever a trace contains", () => {
    const long = "x".repeat(100_000);
    const data = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}${long}`, long]));
    const culprit = { name: long, kind: long, span_id: long, evidence: Array.from({ length: 500 }, () => long) };
    const message = messageOf(
      aDelivery(notify("team", { title: long, text: long, data: { a: long } }), {
        context: aContext("t", { culprit }),
      }),
    );
    expect(JSON.stringify(message).length).toBeLessThan(15_000);
    const stuffed = aDelivery({ action: "notify", destination: "team", data });
    expect(messageOf(stuffed).facts.length).toBeLessThan(20);
  });
});

describe("plain text", () => {
  it.each([
    ["a\r\nb\rc\u2028d", "a\nb\nc\nd"],
    ["bell\u0007 nul\u0000 escape\u001b[31m", "bell nul escape[31m"],
    ["\u202egnp.exe", "gnp.exe"],
    ["half \ud83d pair 🙂", "half  pair 🙂"],
    ["keeps\ttabs\nand lines", "keeps\ttabs\nand lines"],
  ])("makes %j into %j", (text, clean) => {
    expect(plainText(text, 100)).toBe(clean);
  });

  it("cuts at the limit, but no character in two", () => {
    expect(plainText("abcdef", 4)).toBe("abc…");
    expect(plainText("ab🙂def", 4)).toBe("ab…");
    expect(excerptOf("  a \r\n\t b  ", 10)).toBe("a b");
  });
});

describe("Markdown", () => {
  const backticks = fc.string({ unit: fc.constantFrom("`", "``", "\n```\n", "a", " ", "\n", "@"), maxLength: 60 });

  it("closes code spans and blocks only where they end", () => {
    fc.assert(
      fc.property(backticks, (text) => {
        const span = codeSpan(text);
        const fence = /^`+/.exec(span)?.[0] ?? "";
        fc.pre(text.trim() !== "");
        expect(span).not.toContain("\n");
        // CommonMark ends a span at the first run of backticks as long as the one that opened it.
        expect(
          span
            .slice(fence.length)
            .match(/`+/g)
            ?.findIndex((run) => run.length === fence.length),
        ).toBe((span.slice(fence.length).match(/`+/g)?.length ?? 0) - 1);
        const block = codeBlock(text).split("\n");
        const opening = /^`+/.exec(block[0] ?? "")?.[0] ?? "";
        const closing = block.slice(1).findIndex((line) => new RegExp(`^ {0,3}\`{${opening.length},}\\s*$`).test(line));
        expect(closing).toBe(block.length - 2);
      }),
    );
  });

  it("shows text of a trace as code only", () => {
    const hostile =
      "@octocat <img src=x onerror=alert(1)> [click](https://evil.example) fixes #1 ``` ~~~\n# Heading\n</details>";
    const markdown = markdownMessage(
      aDelivery(
        notify("bugs", { title: hostile, text: hostile, url: "https://x.example/)>", data: { [hostile]: hostile } }),
        {
          context: aContext("t", { culprit: { name: hostile, kind: hostile, span_id: hostile, evidence: [hostile] } }),
        },
      ),
    );
    const withoutCode = markdown
      .replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "")
      .replace(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, "");
    // Labels keep letters and digits; the one link left is the action's own.
    expect(withoutCode.replace("[Open](<https://x.example/)%3E>)", "")).not.toMatch(/[@<>[\]#`]|:\/\//);
    expect(withoutCode).toContain("[Open](<https://x.example/)%3E>)");
  });

  it("wraps long lines of blocks at spaces", () => {
    const words = Array.from({ length: 100 }, () => "word").join(" ");
    const [, block = ""] =
      /^```text\n([\s\S]*?)\n```$/m.exec(markdownMessage(aDelivery(notify("bugs", { text: words })))) ?? [];
    const lines = block.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.join(" ")).toBe(words);
  });
});
