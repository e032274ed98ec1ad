import { wholeNumber, type AddCommand, type StoreFlags } from "../command.ts";
import { dryRunLoopFile, runLoopFile, watchLoopFile } from "../run-loop-file.ts";
import { loadLoopFile, loopFileOf } from "../load-loop-file.ts";

interface Flags extends StoreFlags {
  once?: boolean;
  inProcess?: boolean;
  dryRun?: boolean;
  since?: string;
  limit?: number;
  json?: boolean;
}

const EXAMPLE = `
A loop file; without a name, loopsmith.config.ts
  import { defineLoop } from "loopsmith";

  export default defineLoop({
    projectName: "my-rag-pipeline",
    evaluator: ({ outputs }) => ({ key: "non_empty", score: outputs?.answer ? 1 : 0 }),
    threshold: 0.7,
    onFailure: () => ({ action: "add_to_annotation_queue", queueName: "review" }),
  });

Without LANGSMITH_ENDPOINT a server of our own is started beside the loop (or the one on port 1984 is used), and
LANGSMITH_ENDPOINT is set for the file. A file with a named export \`source\` sends its own traces; the run then ends when
all of them are judged and delivered.`;

export const addRun: AddCommand = (program, context) => {
  program
    .command("run [file]")
    .description(
      "Runs the loops of a TypeScript or JavaScript file, until Ctrl-C or, with --once, until nothing is left to do.",
    )
    .option("--once", "judge what is there, deliver, report and end")
    .option("--dry-run", "show what the loops would have done over the past, without writing or sending anything")
    .option("--since <when>", "with --once or --dry-run: how far back (default: the look-back window; 7d)")
    .option(
      "--limit <n>",
      "with --once or --dry-run: traces at most (default: all; 100)",
      wholeNumber("--limit", 1, 1_000_000),
    )
    .option("--in-process", "read the embedded server's store directly instead of over HTTP")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object at the end")
    .addHelpText("after", EXAMPLE)
    .action(async (named: string | undefined, flags: Flags) => {
      const file = loopFileOf(named);
      const { source } = await loadLoopFile(file);
      if (flags.dryRun) {
        await dryRunLoopFile(file, { ...flags, since: flags.since ?? "7d" }, context);
      } else if (source || flags.once) {
        const { since, limit } = flags;
        await runLoopFile(file, flags, context, (loop, onProgress) => {
          const run = { onProgress, ...(limit === undefined ? {} : { limit }) };
          return since === undefined ? loop.runOnce(run) : loop.backfill({ ...run, since });
        });
      } else await watchLoopFile(file, flags, context);
    });
};
