import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import { LoopsmithError } from "../model/errors.ts";
import { learnNormality } from "./deviation.ts";
import { climbLadder, rankerExample } from "./ladder.ts";
import { isHelpful, trainRanker } from "./ranker.ts";
import type { Ranker } from "./ranker.ts";
import { countSpectrum } from "./spectrum.ts";
import { scoreOn, sketchTrace, text } from "./trace.fixture.ts";

const failed = [scoreOn("root", "quality", 0)];
const threshold = 0.5;

/**
 * Projects where the culprit is the step that assumes something, at a random place among steps that do not; one in
 * `noise` has a harmless, recovered tool error elsewhere, which is what evidence alone falls for.
 */
function assumingTrace(seed: number) {
  const random = randomSource(seed);
  const place = 1 + Math.floor(6 * random());
  const names = ["planner", "searcher", "writer"];
  const steps = Array.from({ length: 7 }, (_, i) => ({
    id: `s${i}`,
    name: names[Math.floor(3 * random())]!,
    kind: "llm",
    outputs: text(
      i === place
        ? `Presumably, assuming typical values, we estimate roughly ${i}.`
        : `Read the file and wrote down line ${i} of it.`,
    ),
  }));
  const flaw = { id: "flaky", name: "fetch", kind: "tool", error: "timeout" };
  return { trace: sketchTrace([{ id: "root" }, flaw, ...steps], `t${seed}`), culprit: `s${place}` };
}

function confirmations(count: number) {
  return Array.from({ length: count }, (_, i) => {
    const { trace, culprit } = assumingTrace(i + 1);
    return rankerExample(trace, failed, culprit, { threshold })!;
  });
}

describe("climbLadder", () => {
  it("is evidence alone without history", () => {
    const { trace } = assumingTrace(5);
    const result = climbLadder(trace, failed, { threshold });
    expect(result.method).toBe("evidence");
    expect(result.culprit!.spanId).toBe("flaky");
    expect(result.culprit).not.toHaveProperty("probability");
  });

  it("uses the spectrum where spans show nothing themselves", () => {
    const path = (tool: string) =>
      sketchTrace([{ id: "root" }, { id: "a", name: tool, outputs: text("ok then") }, { id: "b", kind: "llm" }]);
    const decided = Array.from({ length: 40 }, (_, i) => ({
      trace: path(i < 10 ? "legacy" : "modern"),
      failed: i < 10,
    }));
    const result = climbLadder(path("legacy"), [], { threshold, spectrum: countSpectrum(decided), counted: true });
    expect(result.method).toBe("spectrum");
    expect(result.culprit).toMatchObject({ spanId: "a", name: "legacy" });
  });

  it("uses deviation where the spectrum has nothing", () => {
    const of = (words: number) =>
      sketchTrace([{ id: "root" }, { id: "a", kind: "llm", outputs: text("word ".repeat(words)) }]);
    const normality = learnNormality(Array.from({ length: 40 }, (_, i) => of(50 + (i % 9))));
    const result = climbLadder(of(900), [], { threshold, normality });
    expect(result.method).toBe("deviation");
    expect(result.culprit!.spanId).toBe("a");
  });

  it("is not attributable when no rung has anything to say", () => {
    expect(climbLadder(sketchTrace([{ id: "root" }, { id: "a" }]), failed, { threshold })).toEqual({
      culprit: null,
      runnersUp: [],
      method: "not attributable",
    });
  });
});

describe("the project's ranker", () => {
  const ranker = trainRanker(confirmations(40))!;

  it("learns from confirmed culprits what evidence alone gets wrong, on traces it has not seen", () => {
    const hits = Array.from({ length: 40 }, (_, i) => assumingTrace(1000 + i)).filter(({ trace, culprit }) => {
      const result = climbLadder(trace, failed, { threshold, ranker });
      expect(result.method).toBe("ranker");
      return result.culprit!.spanId === culprit;
    });
    expect(hits.length).toBeGreaterThan(32);
  });

  it("shows its held-out record and a probability, and keeps the other rungs' evidence", () => {
    const { trace, culprit } = assumingTrace(2000);
    const result = climbLadder(trace, failed, { threshold, ranker });
    expect(ranker.heldOut).toMatchObject({ traces: 40 });
    expect(result.culprit!.spanId).toBe(culprit);
    expect(result.culprit!.probability).toBeGreaterThan(0.5);
    expect(result.culprit!.evidence[0]!.text).toMatch(
      /^\d+% of the suspicion by this project's ranker, which named \d+% of 40 confirmed culprits first/,
    );
    const all = [result.culprit!, ...result.runnersUp].map((suspect) => suspect.probability!);
    expect(all).toEqual([...all].sort((a, b) => b - a));
  });

  it("waits for twenty confirmations", () => {
    expect(trainRanker(confirmations(19))).toBeNull();
    expect(trainRanker(confirmations(20), { trees: 5 })).not.toBeNull();
  });

  it("steps aside when held-out confirmations say it does not help", () => {
    const useless: Ranker = {
      ...ranker,
      heldOut: { traces: 40, top1: 0.1, top3: 0.3 },
      withoutRanker: { traces: 40, top1: 0.5, top3: 0.7 },
    };
    expect(isHelpful(ranker)).toBe(true);
    expect(isHelpful(useless)).toBe(false);
    expect(climbLadder(assumingTrace(3000).trace, failed, { threshold, ranker: useless }).method).toBe("evidence");
  });

  it("is the same for the same confirmations and seed, and after JSON", () => {
    const examples = confirmations(24);
    const once = trainRanker(examples, { trees: 10 })!;
    expect(trainRanker(examples, { trees: 10 })).toEqual(once);
    const { trace } = assumingTrace(4000);
    const stored = JSON.parse(JSON.stringify(once)) as Ranker;
    expect(climbLadder(trace, failed, { threshold, ranker: stored })).toEqual(
      climbLadder(trace, failed, { threshold, ranker: once }),
    );
  });

  it("refuses a ranker of other features with advice", () => {
    const other: Ranker = { ...ranker, features: ranker.features.slice(1) };
    expect(() => climbLadder(assumingTrace(1).trace, failed, { threshold, ranker: other })).toThrow(LoopsmithError);
  });

  it("claims no skill where there is nothing to learn", () => {
    const random = randomSource(77);
    const shuffled = confirmations(60).map((example) => ({
      ...example,
      culprit: Math.floor(random() * example.rows.length),
    }));
    const { heldOut } = trainRanker(shuffled, { trees: 40 })!;
    // Guessing among eight spans: 12.5% and 37.5%. A leak of the label into a feature would show here.
    expect(heldOut!.top1).toBeLessThan(0.3);
    expect(heldOut!.top3).toBeLessThan(0.6);
  });
});

describe("rankerExample", () => {
  it("stays small for huge traces and keeps the culprit", () => {
    const steps = Array.from({ length: 3000 }, (_, i) => ({
      id: `s${i}`,
      name: i === 1234 ? "odd" : "even",
      kind: "llm",
    }));
    const example = rankerExample(sketchTrace([{ id: "root" }, ...steps]), failed, "s1234")!;
    expect(example.rows.length).toBeLessThanOrEqual(401);
    expect(example.names[example.culprit]).toBe("odd");
    expect([example.names.length, example.suspicion.length]).toEqual([example.rows.length, example.rows.length]);
    expect(JSON.stringify(example).length).toBeLessThan(200_000);
  });

  it("groups by thread, else by trace, and takes only spans below the root", () => {
    const { trace, culprit } = assumingTrace(1);
    expect(rankerExample(trace, failed, culprit)!.group).toBe("t1");
    expect(rankerExample({ ...trace, threadId: "talk" }, failed, culprit)!.group).toBe("talk");
    expect(rankerExample(trace, failed, culprit, { group: "task 7" })!.group).toBe("task 7");
    expect(rankerExample(trace, failed, "root")).toBeNull();
    expect(rankerExample(trace, failed, "unknown")).toBeNull();
  });
});
