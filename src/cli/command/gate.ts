import { appendFileSync } from "node:fs";
import { LoopsmithError } from "../../model/errors.ts";
import type { Threshold } from "../../model/score.ts";
import { readExperimentPairs } from "../../remedy/experiment-pairs.ts";
import { gate } from "../../remedy/gate.ts";
import { gateExitCode } from "../../remedy/gate-verdict.ts";
import { gateSummary } from "../../remedy/summary.ts";
import type { AddCommand, StoreFlags } from "../command.ts";
import { withExperiments } from "../with-experiments.ts";

interface Flags extends StoreFlags {
  baseline: string;
  threshold: string[];
  alpha: number;
  minImprovement: number;
  margin: number;
  markdown?: string;
  json?: boolean;
}

export const addGate: AddCommand = (program, context) => {
  program
    .command("gate <experiment>")
    .description(
      "Whether an experiment is really better than another one on the same dataset: exits 0 PASS, 1 FAIL, 2 INCONCLUSIVE.",
    )
    .requiredOption("--baseline <experiment>", "name or id of the experiment to compare with")
    .requiredOption("--threshold <mark...>", "pass mark for every key (0.7) or a key (faithfulness=0.7)")
    .option("--alpha <share>", "greatest chance that a candidate which is no better passes", share("--alpha"), 0.05)
    .option("--min-improvement <share>", "least improvement worth having", share("--min-improvement"), 0)
    .option("--margin <share>", "most that controls and slices may lose", share("--margin"), 0.1)
    .option("--markdown <file>", "append a summary in markdown, for example to $GITHUB_STEP_SUMMARY")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (experiment: string, flags: Flags) => {
      const { terminal } = context;
      await withExperiments(context, flags, async (platform) => {
        const threshold = thresholdOf(flags.threshold);
        const found = await readExperimentPairs(platform, { experiment, baseline: flags.baseline }, threshold);
        const { alpha, minImprovement, margin } = flags;
        const verdict = gate(found.pairs, { alpha, minImprovement, planned: found.planned, slices: { margin } });
        const summary = gateSummary(`${found.experiment.name} against ${found.baseline.name}`, [
          { name: found.experiment.name, verdict },
        ]);
        if (flags.markdown !== undefined) appendFileSync(flags.markdown, `${summary}\n`);
        if (flags.json)
          terminal.out(JSON.stringify({ experiment: found.experiment.name, against: found.baseline.name, ...verdict }));
        else {
          terminal.out(`${verdict.verdict}  ${verdict.explanation}`);
          terminal.out(
            `${verdict.pairs} pairs: ${verdict.wins} won, ${verdict.losses} lost; e-value ${verdict.eValue.toPrecision(3)} of ${verdict.bar.toPrecision(3)}, McNemar p ${verdict.pMcNemar.toPrecision(3)}`,
          );
          if (verdict.moreExamples !== null)
            terminal.out(`About ${verdict.moreExamples} more examples would decide it.`);
        }
        process.exitCode = gateExitCode(verdict);
      });
    });
};

function share(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isFinite(value) && value >= 0 && value < 1) return value;
    throw new LoopsmithError("invalid", `${option} is ${text}`, { hint: "Give a share from 0 to below 1." });
  };
}

function thresholdOf(marks: readonly string[]): Threshold {
  const [only = ""] = marks;
  if (marks.length === 1 && !only.includes("=")) return mark(only);
  return Object.fromEntries(
    marks.map((text) => {
      const at = text.lastIndexOf("=");
      if (at < 1)
        throw new LoopsmithError("invalid", `--threshold is ${text}`, { hint: "Give 0.7, or key=0.7 for each key." });
      return [text.slice(0, at), mark(text.slice(at + 1))];
    }),
  );
}

function mark(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new LoopsmithError("invalid", `--threshold is ${text}`, { hint: "Give a number." });
}
