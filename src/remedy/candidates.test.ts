import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { collectCandidates, countCandidates } from "./candidates.ts";

interface Config {
  prompt: string;
  topK: number;
  temperature?: number;
}

const baseline: Config = { prompt: "Answer from the context.", topK: 4 };

describe("collectCandidates", () => {
  it("takes lists, grids and functions, and names what they change", async () => {
    const candidates = await collectCandidates(baseline, [
      { list: [{ name: "short", config: { ...baseline, prompt: "Answer." }, why: "Less is more." }] },
      { grid: { topK: [4, 8], temperature: [0, 1] } },
      { generate: (config) => [{ config: { ...config, topK: config.topK * 4 } }] },
    ]);
    expect(candidates.map(({ name, origin }) => [name, origin])).toEqual([
      ["short", "list"],
      ["temperature=0", "grid"],
      ["temperature=1", "grid"],
      ["topK=8, temperature=0", "grid"],
      ["topK=8, temperature=1", "grid"],
      ["topK=16", "function"],
    ]);
    expect(candidates[0]).toMatchObject({ why: "Less is more." });
  });

  it("leaves out the baseline and repetitions, and keeps names apart", async () => {
    const candidates = await collectCandidates(baseline, [
      { list: [{ config: { topK: 4, prompt: baseline.prompt } }, { name: "wide", config: { ...baseline, topK: 8 } }] },
      { grid: { topK: [8, 16] } },
      {
        list: [
          { name: "wide", config: { ...baseline, topK: 32 } },
          { name: "baseline", config: { ...baseline, topK: 64 } },
        ],
      },
    ]);
    expect(candidates.map((candidate) => candidate.name)).toEqual(["wide", "topK=16", "wide (2)", "baseline (2)"]);
  });

  it("covers a grid exactly", async () => {
    const values = fc.uniqueArray(fc.integer({ min: 5, max: 20 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(values, values, async (topK, temperature) => {
        const grid = { topK, temperature };
        const candidates = await collectCandidates(baseline, [{ grid }]);
        expect(candidates).toHaveLength(topK.length * temperature.length);
        expect(countCandidates<Config>({ grid })).toBe(candidates.length);
        for (const { config } of candidates) expect(config).toMatchObject({ prompt: baseline.prompt });
      }),
    );
  });

  it("does not let a function change the baseline", async () => {
    await collectCandidates(baseline, [
      {
        generate(config) {
          config.topK = 99;
          return [];
        },
      },
    ]);
    expect(baseline.topK).toBe(4);
  });

  it.each([
    ["too many", [{ grid: { topK: Array.from({ length: 30 }, (_, index) => 10 + index) } }]],
    ["a config that is no object", [{ list: [{ config: "large" as unknown as Config }] }]],
    ["a config that is not JSON", [{ list: [{ config: { ...baseline, topK: 1n as unknown as number } }] }]],
    ["a proposer without examples", [{ propose: async () => [] }]],
  ])("refuses %s", async (_name, sources) => {
    const caught: unknown = await collectCandidates(baseline, sources).catch((error: unknown) => error);
    expect(LoopsmithError.isInstance(caught) && caught.code).toBe("invalid");
  });
});
