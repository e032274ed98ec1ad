import { wholeNumber, type AddCommand, type StoreFlags } from "../command.ts";
import { loopFileOf } from "../load-loop-file.ts";
import { runLoopFile } from "../run-loop-file.ts";

interface Flags extends StoreFlags {
  since: string;
  until?: string;
  limit?: number;
  json?: boolean;
}

export const addBackfill: AddCommand = (program, context) => {
  program
    .command("backfill [file]")
    .description("Judges the past with the loops of a file. Cut off, it resumes where it was when called again.")
    .requiredOption("--since <when>", "how far back: 7d, 2026-11-01")
    .option("--until <when>", "end of the range (default: now)")
    .option("--limit <n>", "traces at most", wholeNumber("--limit", 1, 1_000_000_000))
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (file: string | undefined, flags: Flags) => {
      await runLoopFile(loopFileOf(file), flags, context, (loop, onProgress) =>
        loop.backfill({
          since: flags.since,
          ...(flags.until === undefined ? {} : { until: flags.until }),
          ...(flags.limit === undefined ? {} : { limit: flags.limit }),
          onProgress,
        }),
      );
    });
};
