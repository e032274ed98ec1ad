import { createProgram } from "./program.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { describeError, processTerminal } from "./terminal.ts";

try {
  await createProgram(processTerminal, process.env).parseAsync(process.argv);
} catch (error) {
  processTerminal.err(describeError(error));
  process.exitCode = exitCodeOf(error);
}
