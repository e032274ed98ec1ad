import type { Attribution, Culprit, Evidence } from "../model/failure.ts";
import { failingScores } from "../model/score.ts";
import type { Score, Threshold } from "../model/score.ts";
import type { Trace } from "../model/trace.ts";
import { executionOrder } from "./execution-order.ts";
import type { Step } from "./execution-order.ts";
import { blameLineage, lineageQueries } from "./blame-lineage.ts";
import { blameAnswer } from "./blame-answer.ts";
import { outputsOf, traceOrigins } from "./lineage.ts";
import { findSymptoms } from "./find-symptoms.ts";
import type { SchemaCheck } from "./find-symptoms.ts";

export interface AttributeOptions {
  /** Pass marks. Without one, scores are no evidence. @default none */
  threshold?: Threshold;
  /** What a span's outputs must look like, by span name. @default none */
  schemas?: Readonly<Record<string, SchemaCheck>>;
  /** Suspicion below which a span is not named, 0 to 1. @default 0.2 */
  floor?: number;
}

/** Suspicion of one step and why. */
export interface Suspicion {
  step: Step;
  /** 0 to 1, comparable within one trace. */
  weight: number;
  evidence: Evidence[];
  /** Calibrated chance of being the decisive step, where something calibrated it. */
  probability?: number;
}

/**
 * Names the span that most likely caused a failing trace: visible symptoms on spans (a failing score, an error, a schema
 * violation, an empty result), walked back along the data's lineage and down the tree to the earliest span that
 * introduced them. Deterministic, independent of the order of `trace.spans`, linear in spans, no I/O.
 *
 * Weights are judgement, not probability; `culprit.score` compares spans of one trace only. When nothing speaks against
 * any span, the answer is "not attributable".
 */
export function attribute(trace: Trace, scores: readonly Score[], options: AttributeOptions = {}): Attribution {
  return toAttribution(evidenceByStep(executionOrder(trace), scores, options), "evidence", options.floor);
}

/** How suspect each step is by evidence and lineage, aligned with `steps`: what `attribute` ranks and cuts to three. */
export function evidenceByStep(
  steps: readonly Step[],
  scores: readonly Score[],
  options: AttributeOptions = {},
): Suspicion[] {
  const symptoms = findSymptoms(steps, scores, options);
  const own = symptoms.map(noisyOr);
  const traced = lineageQueries(steps, symptoms, own);
  const origins = traceOrigins(steps, [outputsOf(steps, 0), ...traced.flatMap(({ queries }) => queries)]);
  const pairs = traced.map(({ step }, t) => [step, [origins[1 + 2 * t]!, origins[2 + 2 * t]!]] as const);
  const lineage = blameLineage(steps, own, new Map(pairs));
  const worst = worstRootScore(steps, scores, options.threshold);
  const answer = worst ? blameAnswer(steps, origins[0]!, `${worst.key} of the trace failed`) : [];
  if (worst && steps.length === 1 && own[0] === 0) {
    symptoms[0]!.push({ kind: "structure", text: `${worst.key} failed and the trace has no other span`, weight: 0.5 });
  }
  return steps.map((step, i) => {
    const { evidence: fed, excuse } = lineage[i]!;
    const evidence = symptoms[i]!;
    if (fed) evidence.push(fed);
    if (answer[i]) evidence.push(...answer[i]);
    if (evidence.length > 1) evidence.sort((x, y) => y.weight - x.weight);
    return { step, weight: noisyOr(evidence) * (1 - excuse), evidence };
  });
}

/**
 * The three most suspect as an attribution, the earlier first where they are equal. Below `floor` (default 0.2) the first
 * is not named, and the answer is "not attributable".
 */
export function toAttribution(suspects: readonly Suspicion[], method: Attribution["method"], floor = 0.2): Attribution {
  const ranked = suspects.filter(({ evidence, weight }) => evidence.length > 0 && weight > 0);
  const top = ranked.sort((a, b) => b.weight - a.weight).slice(0, 3);
  const [culprit, ...runnersUp] = top.map(toCulprit);
  if (!culprit || culprit.score < floor) return { culprit: null, runnersUp: [], method: "not attributable" };
  return { culprit, runnersUp, method };
}

/** Independent pieces of evidence together: 1 - product of (1 - weight). */
function noisyOr(evidence: readonly Evidence[]): number {
  let rest = 1;
  for (const { weight } of evidence) rest *= 1 - Math.min(1, Math.max(0, weight));
  return 1 - rest;
}

/** A suspicion as it is shown. */
export function toCulprit({ step, weight, evidence, probability }: Suspicion): Culprit {
  const { id: spanId, name, kind } = step.span;
  return {
    spanId,
    name,
    kind,
    score: Math.min(1, weight),
    ...(probability === undefined ? {} : { probability }),
    evidence,
  };
}

// --- internal ---

/** The score about the trace as a whole that fell furthest short: given now, or already standing on the root. */
function worstRootScore(steps: readonly Step[], scores: readonly Score[], threshold?: Threshold): Score | undefined {
  const root = steps[0]!.span;
  const given = scores.filter((score) => score.spanId === root.id);
  const keys = new Set(given.map((score) => score.key));
  const standing = root.scores
    .filter((score) => !keys.has(score.key))
    .map((score) => ({ ...score, spanId: root.id, evaluator: score.key, evaluatorVersion: "" }));
  return threshold === undefined ? undefined : failingScores([...given, ...standing], threshold)[0];
}
