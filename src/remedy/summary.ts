import { codeBlock } from "../internal/text/code-block.ts";
import type { GateVerdict } from "./gate-verdict.ts";
import { quoted } from "./markdown.ts";

/** A candidate and what its gate says. */
export interface GatedCandidate {
  name: string;
  /** `null` for a candidate that was not put to the gate. */
  verdict: GateVerdict | null;
}

/**
 * The gate's verdicts as markdown, for a CI job's summary or a pull request: one row for each candidate, then why, then
 * the slices. Names and texts are quoted, since they may come from traces or from a proposer.
 */
export function gateSummary(title: string, candidates: readonly GatedCandidate[]): string {
  const judged = candidates.flatMap(({ name, verdict }) => (verdict ? [{ name, verdict }] : []));
  const rows = judged.map(({ name, verdict }) => [
    quoted(name, 60),
    `**${verdict.verdict}**`,
    String(verdict.pairs),
    percent(verdict.baseline),
    percent(verdict.candidate),
    `${points(verdict.improvement.estimate)} (${points(verdict.improvement.low)} to ${points(verdict.improvement.high)})`,
    `${figure(verdict.eValue)} of ${figure(verdict.bar)}`,
    figure(verdict.pMcNemar),
  ]);
  const head = ["Candidate", "Verdict", "Examples", "Baseline", "Candidate", "Points", "e-value", "McNemar p"];
  return [
    `## ${quoted(title, 120)}`,
    table(head, rows),
    ...judged.map(({ name, verdict }) => `**${quoted(name, 60)}**: ${quoted(verdict.explanation, 2000)}`),
    ...sliceTable(judged),
  ].join("\n\n");
}

/** Why a candidate should be promoted: the pattern, the change and the verdicts of all that were tried. */
export function remedySummary(remedy: {
  name: string;
  patternSentence: string;
  baseline: object;
  candidate: { name: string; config: object; why?: string };
  candidates: readonly GatedCandidate[];
}): string {
  const { name, patternSentence, baseline, candidate, candidates } = remedy;
  return [
    `The pattern: ${quoted(patternSentence)}`,
    `The fix that passed: ${quoted(candidate.name, 60)}`,
    ...(candidate.why === undefined ? [] : [`Why it was proposed: ${quoted(candidate.why)}`]),
    "Configuration before:",
    codeBlock(JSON.stringify(baseline, null, 2)),
    "Configuration after:",
    codeBlock(JSON.stringify(candidate.config, null, 2)),
    gateSummary(name, candidates),
    "Tested on examples that no proposer has seen, each run by baseline and candidate alike.",
  ].join("\n\n");
}

function sliceTable(judged: readonly { name: string; verdict: GateVerdict }[]): string[] {
  const rows = judged.flatMap(({ name, verdict }) =>
    verdict.slices.map((slice) => [
      quoted(name, 60),
      quoted(slice.name, 60),
      slice.status,
      String(slice.pairs),
      `${points(slice.difference)} (${points(slice.low)} to ${points(slice.high)})`,
      figure(slice.pHolm),
    ]),
  );
  return rows.length === 0 ? [] : [table(["Candidate", "Slice", "Status", "Examples", "Points", "p (Holm)"], rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function points(share: number): string {
  return `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)}`;
}

function figure(value: number): string {
  return value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}
