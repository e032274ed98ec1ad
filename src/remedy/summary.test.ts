import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gate } from "./gate.ts";
import type { GatePair } from "./gate-pair.ts";
import { quoted } from "./markdown.ts";
import { gateSummary } from "./summary.ts";

const pairs: GatePair[] = Array.from({ length: 80 }, (_, index) => ({
  exampleId: `e${index}`,
  baseline: { pass: index % 2 === 0 },
  candidate: { pass: index % 10 !== 0 },
  slices: index % 3 === 0 ? ["long | questions"] : [],
}));

describe("gateSummary", () => {
  it("is one table of verdicts, the reasons, and one table of slices", () => {
    const text = gateSummary("retrieval", [
      { name: "wider", verdict: gate(pairs, { planned: 80 }) },
      { name: "not tested", verdict: null },
    ]);
    const rows = text.split("\n").filter((line) => line.startsWith("|"));
    expect(rows[0]).toBe("| Candidate | Verdict | Examples | Baseline | Candidate | Points | e-value | McNemar p |");
    expect(rows[2]).toMatch(/^\| wider \| \*\*PASS\*\* \| 80 \| 50\.0% \| 90\.0% \| \+40\.0 \(/);
    expect(text).not.toContain("not tested");
    expect(text).toContain("| wider | long \\| questions | ");
    const cells = rows.map((row) => row.replaceAll("\\|", "").split("|").length - 2);
    expect(cells).toEqual([8, 8, 8, 6, 6, 6]);
  });
});

describe("quoted", () => {
  it("leaves nothing that markdown or GitHub would act on", () => {
    const text = quoted("@octocat fixes #12 see https://evil.example ![x](y) <img src=x> `code` | cell\n# title");
    expect(text).not.toMatch(/@\w|#\d|https:|\n/);
    expect(text).toContain("\\!\\[x\\]\\(y\\)");
    expect(text).toContain("\\<img src=x\\>");
  });

  it("is one line of bounded length for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        expect(quoted(text, 100)).not.toMatch(/[\n\r]/);
        expect(quoted(text, 100).length).toBeLessThanOrEqual(400);
      }),
    );
  });
});
