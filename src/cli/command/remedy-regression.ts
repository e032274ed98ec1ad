import type { Command } from "commander";
import { writeFileSync } from "node:fs";
import { findRemedy } from "../../loop/remedy/loop-remedies.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { readDataset } from "../../remedy/dataset-store.ts";
import { regressionTest, type NamedImport } from "../../remedy/regression-test.ts";
import { withStore, type CommandContext, type StoreFlags } from "../command.ts";
import { numberBetween, withExperiments } from "../with-experiments.ts";

interface Flags extends StoreFlags {
  out: string;
  target: string;
  evaluator: string;
  threshold: number;
  minPassRate: number;
  includeHeldOut?: boolean;
  json?: boolean;
}

export function addRemedyRegression(remedy: Command, context: CommandContext): void {
  const number = (option: string): ((text: string) => number) => numberBetween(option, 0, 1);
  remedy
    .command("regression <id>")
    .description("Write a remedy's examples as a vitest file, so that the failure stays fixed.")
    .requiredOption("--out <file>", "the file to write, for example retrieval.eval.ts")
    .requiredOption(
      "--target <module#export>",
      "(inputs) => outputs, the module as the file imports it: ./app.ts#answer",
    )
    .requiredOption("--evaluator <module#export>", "({ inputs, outputs, referenceOutputs }) => score")
    .option("--threshold <score>", "least score of an example", number("--threshold"), 0.5)
    .option("--min-pass-rate <share>", "below 1, that share of the examples has to pass", number("--min-pass-rate"), 1)
    .option("--include-held-out", "also the examples kept for the gate; whoever reads the file then knows them")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (id: string, flags: Flags) => {
      const target = importOf("--target", flags.target);
      const evaluator = importOf("--evaluator", flags.evaluator);
      const state = await withStore(context, flags, (store) => findRemedy(store, id));
      const name = state.dataset?.name ?? state.name;
      await withExperiments(context, flags, async (platform) => {
        const all = await readDataset(platform, name);
        const examples = all.filter(({ split }) => split === "visible" || flags.includeHeldOut === true);
        if (examples.length === 0) {
          throw new LoopsmithError("not_found", `the dataset "${name}" holds no example to write`, {
            hint: "The remedy must have collected examples, and LANGSMITH_ENDPOINT must name where its dataset is.",
          });
        }
        const { threshold, minPassRate, includeHeldOut = false, out } = flags;
        const options = { name: state.name, target, evaluator, threshold, minPassRate, includeHeldOut };
        writeFileSync(out, regressionTest(examples, options));
        const written = { file: out, examples: examples.length, dataset: name };
        context.terminal.out(
          flags.json ? JSON.stringify(written) : `Wrote ${examples.length} examples of "${name}" to ${out}.`,
        );
      });
    });
}

/** @throws LoopsmithError `invalid` */
function importOf(option: string, text: string): NamedImport {
  const at = text.lastIndexOf("#");
  if (at > 0 && at < text.length - 1) return { module: text.slice(0, at), name: text.slice(at + 1) };
  throw new LoopsmithError("invalid", `${option} is ${text}`, {
    hint: "Give the module as the written file imports it, and its export: ./app.ts#answer.",
  });
}
