import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildDataset } from "./dataset.ts";
import { growDataset, readDataset } from "./dataset-store.ts";
import { aSource, LOW_RELEVANCE } from "./dataset.fixture.ts";
import { matchControls } from "./match-controls.ts";
import { memoryPlatform } from "./memory-platform.fixture.ts";

const failing = Array.from({ length: 60 }, (_, index) => aSource(index, true));
const passing = Array.from({ length: 200 }, (_, index) => aSource(1000 + index, false));
const build = (...args: Parameters<typeof buildDataset> extends [string, unknown, ...infer Rest] ? Rest : never) =>
  buildDataset("low relevance", LOW_RELEVANCE, ...args);

describe("buildDataset", () => {
  it("turns failing traces into examples and takes as many passing ones as controls", () => {
    const { examples } = build([...failing, ...passing]);
    expect(examples.filter((example) => !example.control)).toHaveLength(60);
    expect(examples.filter((example) => example.control)).toHaveLength(60);
    expect(examples[0]).toMatchObject({
      inputs: { question: "question 0" },
      sourceTraceId: "trace-0",
      sourceRunId: "run-0",
    });
  });

  it("leaves out what does not match the pattern, and inputs it has already", () => {
    const other = aSource(500, true, { features: { relevance: 0.9 } });
    const twice = aSource(501, true, { inputs: { question: "question 3" } });
    const { examples, dropped } = build([...failing, other, twice]);
    expect(examples).toHaveLength(60);
    expect(dropped).toEqual({ duplicates: 1, redacted: 0, overCap: 0, unmatched: 1 });
  });

  it("knows equal inputs whatever the order of their keys", () => {
    const [a, b] = [
      { x: 1, y: { p: 1, q: 2 } },
      { y: { q: 2, p: 1 }, x: 1 },
    ];
    expect(build([aSource(1, true, { inputs: a }), aSource(2, true, { inputs: b })]).examples).toHaveLength(1);
  });

  it("caps the failing examples by an even sample", () => {
    const { examples, dropped } = build([...failing, ...passing], [], { maxExamples: 20 });
    expect(examples.filter((example) => !example.control)).toHaveLength(20);
    expect(examples.filter((example) => example.control)).toHaveLength(20);
    expect(dropped.overCap).toBe(40);
  });

  it("keeps a redaction's secrets out of everything, and compares what is left", () => {
    const secret = failing
      .slice(0, 10)
      .map((source) => ({ ...source, inputs: { question: "same", card: source.traceId } }));
    const redact = ({ card: _card, ...rest }: Record<string, unknown>): Record<string, never> =>
      rest as Record<string, never>;
    const built = build([...secret, ...passing], [], { redact });
    expect(built.examples.filter((example) => !example.control)).toHaveLength(1);
    expect(JSON.stringify(built.examples.map((example) => example.inputs))).not.toContain("trace-");
    expect(build(failing, [], { redact: () => null })).toMatchObject({ examples: [], dropped: { redacted: 60 } });
    const broken = (): never => {
      throw new Error("no key");
    };
    expect(() => build(failing, [], { redact: broken })).toThrow("no key");
  });

  it("does not touch the sources, even through a redaction that edits in place", () => {
    const source = aSource(1, true);
    build([source], [], {
      redact: (payload) => {
        payload["question"] = "gone";
        return payload;
      },
    });
    expect(source.inputs).toEqual({ question: "question 1" });
  });

  it("takes reviewers' corrections as references, the latest of several, and only those", () => {
    const sources = [
      aSource(1, true, { correction: { answer: "first" } }),
      aSource(2, true, { inputs: { question: "question 1" }, correction: { answer: "second" } }),
      aSource(3, true),
    ];
    const { examples } = build(sources);
    expect(examples.map((example) => example.outputs)).toEqual([{ answer: "second" }, undefined]);
  });

  it("names the other patterns an example belongs to as slices", () => {
    const large = { name: "large model", predicates: [{ feature: "model", operator: "=" as const, value: "large" }] };
    const { examples } = build([aSource(1, true), aSource(2, true)], [], { otherPatterns: [large] });
    expect(examples.map((example) => example.slices)).toEqual([["large model"], []]);
  });

  it("splits by cluster, so that nothing dependent stands on both sides", () => {
    const threads = Array.from({ length: 200 }, (_, index) =>
      aSource(index, true, { cluster: `thread-${index % 20}` }),
    );
    const { examples } = build(threads);
    const sides = new Map<string, Set<string>>();
    examples.forEach((example) => {
      const thread = String(Number(example.sourceTraceId.slice(6)) % 20);
      sides.set(thread, (sides.get(thread) ?? new Set()).add(example.split));
    });
    expect([...sides.values()].every((splits) => splits.size === 1)).toBe(true);
    const heldOut = examples.filter((example) => example.split === "held_out").length;
    expect(heldOut).toBeGreaterThan(40);
    expect(heldOut).toBeLessThan(160);
  });

  it("grows without moving an example, whatever arrives in whatever order", () => {
    const batch = fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(batch, batch, (first, second) => {
        const sources = (items: [number, boolean][], from: number) =>
          items.map(([input, failed], index) =>
            aSource(from + index, failed, { inputs: { question: `q${input}` }, cluster: `c${from + index}` }),
          );
        const before = build(sources(first, 0));
        const after = build(sources([...second, ...first], 100), before.examples);
        for (const example of before.examples) expect(after.examples).toContainEqual(example);
        expect(new Set(after.examples.map((example) => example.id)).size).toBe(after.examples.length);
        expect(after.changed.every((example) => !before.examples.some(({ id }) => id === example.id))).toBe(true);
      }),
    );
  });
});

describe("matchControls", () => {
  it("picks the most similar passing run, each once, without looking at the pattern's own features", () => {
    const failingRows = [
      { relevance: 0.1, input_chars: 100, model: "small" },
      { relevance: 0.1, input_chars: 100, model: "small" },
    ];
    const passingRows = [
      { relevance: 0.1, input_chars: 900, model: "large" },
      { relevance: 0.9, input_chars: 110, model: "small" },
      { relevance: 0.8, input_chars: 300, model: "small" },
    ];
    expect(matchControls(failingRows, passingRows, new Set(["relevance"]))).toEqual([1, 2]);
    expect(matchControls(failingRows, passingRows.slice(0, 1), new Set())).toEqual([0]);
    expect(matchControls([], passingRows, new Set())).toEqual([]);
  });
});

describe("growDataset", () => {
  it("writes versions to the platform, and nothing twice", async () => {
    const platform = memoryPlatform();
    const grow = (sources: typeof failing) => growDataset(platform, "low relevance", LOW_RELEVANCE, sources);
    const first = await grow([...failing.slice(0, 20), ...passing]);
    expect(first).toMatchObject({ version: "1" });
    const second = await grow([...failing, ...passing]);
    expect(second.changed).toHaveLength(80);
    expect(second.examples).toHaveLength(120);
    expect((await grow([...failing, ...passing])).changed).toEqual([]);
    const corrected = [{ ...aSource(5, true), correction: { answer: "right" } }];
    expect((await grow(corrected)).changed).toMatchObject([{ outputs: { answer: "right" } }]);

    const stored = await readDataset(platform, "low relevance");
    expect(stored).toHaveLength(120);
    expect(await platform.exampleList({ datasetId: first.id, version: "1" })).toHaveLength(40);
    const heldOut = await platform.exampleList({ datasetId: first.id, split: "held_out" });
    expect(heldOut).toHaveLength(stored.filter((example) => example.split === "held_out").length);
  });
});
