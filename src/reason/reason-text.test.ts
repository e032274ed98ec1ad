import { describe, expect, it } from "vitest";
import { tellingTerms } from "./label-terms.ts";
import { maskText } from "./mask.ts";
import { TemplateTree, templateText } from "./template-tree.ts";

describe("maskText", () => {
  it.each([
    ["GET https://api.example.com/v1?x=1 failed with 503", "GET <url> failed with <number>"],
    ["user 5f0c3f54-7a2b-4f0e-9a53-9a1f64b7a2d1 at 10.0.0.7:8080", "user <id> at <ip>"],
    ["2026-01-31T12:00:00.123Z timeout after 30.5 ms", "<time> timeout after <number> ms"],
    ["no column \"price\" in 'orders'", "no column <text> in <text>"],
    ["don't mask the agent's words", "don't mask the agent's words"],
    ["/var/lib/data/x.db is locked", "<path> is locked"],
    ["search_catalog failed for blk_38865049064139660, run_2026_7", "<name> failed for <id>"],
    ["cost $1,250.00 or 12%", "cost <number>"],
    ["mail a.b@example.org", "mail <email>"],
    ["gpt4 and step2 stay", "gpt4 and step2 stay"],
    ["  line\n breaks  ", "line breaks"],
  ])("masks what differs from message to message: %s", (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  it("takes time in proportion to the text", () => {
    expect(maskText("a-".repeat(50_000)).length).toBeGreaterThan(0);
    expect(maskText('"'.repeat(50_000)).length).toBeGreaterThan(0);
    expect(maskText("1,".repeat(50_000)).length).toBeGreaterThan(0);
    expect(maskText("a.".repeat(50_000)).length).toBeGreaterThan(0);
    expect(maskText("a_".repeat(50_000)).length).toBeGreaterThan(0);
    expect(maskText("1_a".repeat(30_000)).length).toBeGreaterThan(0);
  });
});

describe("TemplateTree", () => {
  it("collapses messages of one form and widens where they differ", () => {
    const tree = new TemplateTree();
    const of = (text: string): number => tree.add(text).index;
    expect([
      of("Error: tool search unavailable (HTTP 503)."),
      of("Error: tool calculator unavailable (HTTP 502)."),
      of("Request to tool search timed out after 30 s"),
      of("Error: tool weather unavailable (HTTP 503)."),
      of("Request to tool weather timed out after 5 s"),
    ]).toEqual([0, 0, 1, 0, 1]);
    expect(tree.templates.map(templateText)).toEqual([
      "Error : tool <*> unavailable ( HTTP <number> ) .",
      "Request to tool <*> timed out after <number> s",
    ]);
    expect(tree.templates.map(({ count }) => count)).toEqual([3, 2]);
  });

  it("keeps short messages that differ in half their words apart", () => {
    const tree = new TemplateTree();
    expect([tree.add("invalid json").index, tree.add("invalid token").index, tree.add("").index]).toEqual([0, 1, 2]);
  });
});

describe("tellingTerms", () => {
  it("names what sets groups apart, in the form it is written, and not what passing runs say too", () => {
    const groups = [
      ["The agent fabricated figures", "Figures were fabricated by the agent", "fabricated the population figures"],
      ["The agent timed out", "Search timed out", "It timed out again"],
    ];
    const [first, second] = tellingTerms(groups);
    expect(first?.slice(0, 2).sort()).toEqual(["fabricated", "figures"]);
    expect(second?.[0]).toBe("timed");
    expect(first).not.toContain("agent");
    const contrast = Array.from({ length: 20 }, () => "nothing timed out here");
    expect(tellingTerms(groups, contrast)[1]).not.toContain("timed");
  });
});
