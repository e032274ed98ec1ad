import { LoopsmithError } from "../../model/errors.ts";
import type { AddCommand } from "../command.ts";
import { loopFileOf } from "../load-loop-file.ts";
import { watchLoopFile } from "../run-loop-file.ts";

export const addWorker: AddCommand = (program, context) => {
  program
    .command("worker [file]")
    .description("Runs the loops of a file as one of many workers that share a PostgreSQL database.")
    .option("--json", "print one JSON line an event")
    .addHelpText(
      "after",
      `
Start as many as you like, on as many machines as you like, with the same LOOPSMITH_DATABASE_URL and the same file. Traces are
handed out under leases: a worker that dies is replaced by another one, and no verdict or delivery is made twice. Without
LANGSMITH_ENDPOINT the workers judge the traces that \`loopsmith serve\` stored in that database.`,
    )
    .action(async (file: string | undefined, flags: { json?: boolean }) => {
      if (context.environment().databaseUrl === null) {
        throw new LoopsmithError("invalid", "LOOPSMITH_DATABASE_URL is not set", {
          hint: "Set it to postgres://user:password@host/database; for a single process use `loopsmith run`.",
        });
      }
      await watchLoopFile(loopFileOf(file), { ...flags, direct: true }, context);
    });
};
