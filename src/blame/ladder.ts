import type { Attribution, Evidence } from "../model/failure.ts";
import type { Score } from "../model/score.ts";
import type { Trace } from "../model/trace.ts";
import { toAttribution } from "./attribute.ts";
import type { Suspicion } from "./attribute.ts";
import { executionOrder } from "./execution-order.ts";
import type { Step } from "./execution-order.ts";
import { calibrated } from "./calibration.ts";
import { isHelpful, rankSteps } from "./ranker.ts";
import type { Rankable, Ranker, RankerExample } from "./ranker.ts";
import { featuresOf, readRungs } from "./rung-readings.ts";
import type { HistoryOptions, Reading } from "./rung-readings.ts";

export interface LadderOptions extends HistoryOptions {
  /**
   * The project's ranker (`trainRanker`). It decides only while it does at least as well on held-out confirmations as the
   * rungs below it. @default none
   */
  ranker?: Ranker | null;
}

/**
 * Climbs the ladder as far as the history allows: evidence and lineage, spectrum, deviation, then the project's ranker.
 * The highest rung that is present and helpful orders the suspects; every rung's evidence is listed. `probability` is set
 * only by a calibrated ranker. Deterministic, no I/O, linear in spans. For a judge or replays see `climbWithHooks`.
 */
export function climbLadder(trace: Trace, scores: readonly Score[], options: LadderOptions = {}): Attribution {
  const [suspects, method] = suspectsOf(trace, scores, options);
  return toAttribution(suspects, method, floorFor(method, options.floor));
}

/** A ranker's shares grow small in long traces without meaning less, and it says how sure it is: its first is named. */
export function floorFor(method: Attribution["method"], floor?: number): number | undefined {
  return method === "ranker" ? 0 : floor;
}

/** Every suspect and the method that ordered them, before the cut to three. */
export function suspectsOf(
  trace: Trace,
  scores: readonly Score[],
  options: LadderOptions = {},
): [Suspicion[], Attribution["method"]] {
  const steps = executionOrder(trace);
  const readings = readRungs(steps, scores, options);
  const { ranker } = options;
  if (ranker && steps.length > 1 && isHelpful(ranker)) return [rankedReadings(steps, readings, ranker), "ranker"];
  const [worst] = readings.toSorted((a, b) => b.weight - a.weight);
  return [readings, worst?.rung ?? "evidence"];
}

/**
 * What the ranker learns from one confirmed or corrected culprit. `null` when `culpritSpanId` is not a span below the
 * root of the trace. `group` keeps traces that are not independent (one task, session or user) on one side of every
 * held-out split; it defaults to the trace's thread, or the trace itself. Of more than 400 spans the culprit and 400
 * evenly spread others are kept, so that an example stays below about 200 kB.
 */
export function rankerExample(
  trace: Trace,
  scores: readonly Score[],
  culpritSpanId: string,
  options: HistoryOptions & { group?: string } = {},
): RankerExample | null {
  const steps = executionOrder(trace);
  const readings = readRungs(steps, scores, options);
  const culprit = readings.findIndex(({ step }) => step.span.id === culpritSpanId) - 1;
  if (culprit < 0) return null;
  const { features, table, names } = rankable(steps, readings);
  const { rows, width, cells } = table;
  const kept = spread(rows, culprit);
  return {
    group: options.group ?? trace.threadId ?? trace.id,
    features,
    rows: kept.map((i) => Array.from(cells.subarray(i * width, (i + 1) * width))),
    names: kept.map((i) => names[i]!),
    suspicion: kept.map((i) => readings[1 + i]!.weight),
    culprit: kept.indexOf(culprit),
  };
}

// --- internal ---

const MAX_STEPS = 400;

/** All indexes, or the culprit and `MAX_STEPS` others spread evenly, in order. */
function spread(count: number, culprit: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  if (count <= MAX_STEPS) return all;
  const chosen = new Set(Array.from({ length: MAX_STEPS }, (_, i) => Math.floor((i * count) / MAX_STEPS))).add(culprit);
  return all.filter((i) => chosen.has(i));
}

function rankable(steps: readonly Step[], readings: readonly Reading[]): Rankable {
  const { names: features, table } = featuresOf(steps, readings);
  return { features, table, names: steps.slice(1).map(({ span }) => span.name) };
}

function rankedReadings(steps: readonly Step[], readings: readonly Reading[], ranker: Ranker): Suspicion[] {
  const shares = rankSteps(ranker, rankable(steps, readings));
  const held = ranker.heldOut;
  const record = held
    ? `, which named ${percent(held.top1)} of ${held.traces} confirmed culprits first when they were held out`
    : "";
  return readings.slice(1).map((reading, i) => {
    const share = shares[i]!;
    const evidence: Evidence = {
      kind: "ranker",
      text: `${percent(share)} of the suspicion by this project's ranker${record}`,
      weight: share,
    };
    const suspicion: Suspicion = { step: reading.step, weight: share, evidence: [evidence, ...reading.evidence] };
    if (ranker.calibration) suspicion.probability = calibrated(ranker.calibration, share);
    return suspicion;
  });
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
