import type * as AttributeModule from "../../src/blame/attribute.ts";
import type * as DeviationModule from "../../src/blame/deviation.ts";
import type * as LadderModule from "../../src/blame/ladder.ts";
import type * as RankerModule from "../../src/blame/ranker.ts";
import type { HistoryOptions } from "../../src/blame/rung-readings.ts";
import type * as SpectrumModule from "../../src/blame/spectrum.ts";
import { randomSource } from "../../src/internal/random.ts";
import type { Score } from "../../src/model/score.ts";
import type { Span, Trace } from "../../src/model/trace.ts";
import { loadBuilt } from "../load-built.ts";
import { printTable } from "./measure.ts";
import { traceOfSteps } from "./labelled-run.ts";

const { attribute } = await loadBuilt<typeof AttributeModule>("blame/attribute");
const { learnNormality } = await loadBuilt<typeof DeviationModule>("blame/deviation");
const { climbLadder, rankerExample } = await loadBuilt<typeof LadderModule>("blame/ladder");
const { trainRanker } = await loadBuilt<typeof RankerModule>("blame/ranker");
const { countSpectrum } = await loadBuilt<typeof SpectrumModule>("blame/spectrum");

/** CPU milliseconds of blaming one trace of `spans` spans, by how much of the ladder is there. */
export interface Cost {
  spans: number;
  evidenceMs: number;
  historyMs: number;
  rankerMs: number;
}

/** CPU per trace of rising size: a tree of agents, with 1.5 kB of text a span, one error in 17, one low score in 5. */
export function measureCost(): Cost[] {
  return [50, 500, 5000, 10_000].map((spans) => {
    const { trace, scores, options, ranker } = costCase(spans);
    return {
      spans,
      evidenceMs: cpuMs(spans, () => attribute(trace, scores, { threshold: 0.5 })),
      historyMs: cpuMs(spans, () => climbLadder(trace, scores, options)),
      rankerMs: cpuMs(spans, () => climbLadder(trace, scores, { ...options, ranker })),
    };
  });
}

export function printCosts(costs: readonly Cost[]): void {
  console.log("\ncost, CPU of one trace (median of repeated runs, warm)");
  const each = "us a span";
  printTable(
    ["spans", "evidence ms", each, "and history ms", each, "and ranker ms", each],
    costs.map(({ spans, evidenceMs, historyMs, rankerMs }) => [
      String(spans),
      ...[evidenceMs, historyMs, rankerMs].flatMap((ms) => [ms.toFixed(2), ((1000 * ms) / spans).toFixed(1)]),
    ]),
  );
}

// --- internal ---

function costCase(spans: number) {
  const history = [1, 2, 3, 4].map((seed) => agentTrace(50, seed));
  const spectrum = countSpectrum(history.map((trace, i) => ({ trace, failed: i === 0 })));
  const options = { threshold: 0.5, spectrum, normality: learnNormality(history) };
  const trace = agentTrace(spans, 9);
  return { trace, scores: lowScores(trace), options, ranker: alwaysHelpful(options) };
}

/** A ranker whose record is overwritten so that it is used: what it costs does not depend on what it knows. */
function alwaysHelpful(options: HistoryOptions): RankerModule.Ranker | null {
  const examples = Array.from({ length: 20 }, (_, i) => {
    const trace = agentTrace(50, 100 + i);
    return rankerExample(trace, [], trace.spans[1 + i]!.id, options)!;
  });
  const ranker = trainRanker(examples, { assess: false });
  return ranker && { ...ranker, heldOut: { traces: 20, top1: 1, top3: 1 } };
}

function cpuMs(size: number, run: () => void): number {
  const rounds = 9;
  const repeats = Math.max(1, Math.round(2000 / size));
  for (let i = 0; i < Math.max(3, 8 * repeats); i++) run();
  const times = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    for (let i = 0; i < repeats; i++) run();
    const used = process.cpuUsage(start);
    return (used.user + used.system) / 1000 / repeats;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

function agentTrace(size: number, seed: number): Trace {
  const random = randomSource(seed);
  const kinds = ["llm", "tool", "retriever"];
  const sketches = Array.from({ length: size - 1 }, (_, i) => ({
    name: `${kinds[i % 3]}-${i % 9}`,
    kind: kinds[i % 3]!,
    inputs: { query: prose(random, 60), history: prose(random, 100) },
    outputs: { text: prose(random, 150) },
    ...(i % 17 === 5 ? { error: `failed: ${prose(random, 6)}` } : {}),
  }));
  const flat = traceOfSteps(`cost-${size}-${seed}`, "cost", prose(random, 20), sketches);
  const spans = flat.spans.map((span, i): Span => ({
    ...span,
    parentId: i === 0 ? null : flat.spans[Math.floor((i - 1) / 4)]!.id,
  }));
  return { ...flat, root: spans[0]!, spans };
}

function prose(random: () => number, words: number): string {
  return Array.from({ length: words }, () =>
    Math.floor(random() * 60_000)
      .toString(36)
      .padStart(4, "word"),
  ).join(" ");
}

function lowScores(trace: Trace): Score[] {
  return trace.spans
    .filter((_, i) => i % 5 === 0)
    .map((span) => ({ key: "quality", score: 0.2, spanId: span.id, evaluator: "cost", evaluatorVersion: "1" }));
}
