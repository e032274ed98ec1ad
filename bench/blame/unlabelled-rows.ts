import { attribute } from "../../src/blame/attribute.ts";
import { climbLadder } from "../../src/blame/ladder.ts";
import type { HistoryOptions } from "../../src/blame/rung-readings.ts";
import type { Attribution } from "../../src/model/failure.ts";
import { scoresOf } from "./history.ts";
import type { LabelledRun } from "./labelled-run.ts";
import { count, emptyTally, rowOf } from "./measure.ts";
import type { Ranking, Row } from "./measure.ts";

/** What the ladder says before anyone confirmed anything: evidence alone, then with the history it has. */
export function unlabelledRows(set: string, runs: readonly LabelledRun[], history: HistoryOptions): Row[] {
  const evidence = emptyTally();
  const ladder = emptyTally();
  for (const run of runs) {
    count(evidence, run, rankingOf(run, attribute(run.trace, scoresOf(run), { threshold: 0.5 })));
    count(ladder, run, rankingOf(run, climbLadder(run.trace, scoresOf(run), history)));
  }
  return [
    rowOf(set, "evidence (no labels)", 0, runs.length, evidence),
    rowOf(set, "ladder (no labels)", 0, runs.length, ladder),
  ];
}

// --- internal ---

function rankingOf(run: LabelledRun, { culprit, runnersUp }: Attribution): Ranking {
  const place = new Map(run.trace.spans.slice(1).map((span, i) => [span.id, i]));
  return (culprit ? [culprit, ...runnersUp] : []).flatMap(({ spanId }) => place.get(spanId) ?? []);
}
