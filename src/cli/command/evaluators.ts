import { readFileSync } from "node:fs";
import { checkEvaluator, parseLabelledCases, toEvaluator, type EvaluatorLike } from "../../evaluator/index.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import type { AddCommand } from "../command.ts";
import { isRunningLoop, loadLoopFile } from "../load-loop-file.ts";
import { progressLine, type Terminal } from "../terminal.ts";

interface Flags {
  labels: string;
  name?: string;
  threshold?: string;
  json?: boolean;
}

export const addEvaluators: AddCommand = (program, context) => {
  program
    .command("evaluators")
    .description("How far the evaluators of a loop file can be trusted.")
    .command("check <file>")
    .description(
      "Scores the evaluators of a loop file on labelled data: agreement with people, missed and false failures.",
    )
    .requiredOption("--labels <file>", 'JSONL, one object a line: {"inputs": {}, "outputs": {}, "failed": true}')
    .option("--name <evaluator>", "only this evaluator")
    .option("--threshold <mark>", "pass mark (default: the loop's)")
    .option("--json", "print one JSON object")
    .action(async (file: string, flags: Flags) => {
      const { terminal } = context;
      const cases = parseLabelledCases(readLabels(flags.labels));
      const { loops } = await loadLoopFile(file);
      const checks = [];
      for (const loop of loops) {
        if (isRunningLoop(loop)) continue;
        const likes = (Array.isArray(loop.evaluator) ? loop.evaluator : [loop.evaluator]) as readonly EvaluatorLike[];
        for (const evaluator of likes.map((like) => toEvaluator(like))) {
          if (flags.name !== undefined && evaluator.name !== flags.name) continue;
          const { threshold: own } = loop;
          const mark =
            flags.threshold === undefined
              ? typeof own === "number"
                ? own
                : own[evaluator.name]
              : Number(flags.threshold);
          const progress = progressLine(terminal);
          const check = await checkEvaluator(evaluator, cases, {
            ...(mark === undefined || Number.isNaN(mark) ? {} : { threshold: mark }),
            onProgress: (done, total) => progress.show(`${evaluator.name}: ${done} of ${total}`),
          });
          progress.clear();
          checks.push({ evaluator: evaluator.name, ...check });
        }
      }
      if (checks.length === 0) {
        throw new LoopsmithError("not_found", "the file declares no such evaluator", {
          hint: "Export the loop with defineLoop; --name takes the evaluator's name.",
        });
      }
      if (flags.json) return terminal.out(JSON.stringify({ checks }));
      for (const check of checks) show(terminal, check);
    });
};

function readLabels(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new LoopsmithError("not_found", `cannot read ${path}: ${errorMessage(error)}`, {
      hint: "Give the path of a JSONL file.",
    });
  }
}

function show(terminal: Terminal, check: { evaluator: string } & Awaited<ReturnType<typeof checkEvaluator>>): void {
  const { calibration: found, judged, notApplicable, problems } = check;
  const share = ({ value, low, high }: { value: number; low: number; high: number }): string =>
    `${(value * 100).toFixed(1)}% (95%: ${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)})`;
  terminal.out(`${check.evaluator}, pass mark ${found.threshold}: ${judged} judged, ${notApplicable} not applicable`);
  terminal.out(`  ${found.failures} labelled failures, ${found.passes} labelled passes`);
  terminal.out(`  catches         ${share(found.caught)} of the failures`);
  terminal.out(`  lets through    ${share(found.passed)} of the passes`);
  terminal.out(
    `  kappa           ${found.kappa.value.toFixed(2)} (${found.kappa.low.toFixed(2)} to ${found.kappa.high.toFixed(2)}), MCC ${found.matthews.toFixed(2)}`,
  );
  terminal.out(`  ${found.suggestion}`);
  for (const problem of problems.slice(0, 5)) terminal.err(`  ${problem}`);
}
