import { createProgram } from "./program.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { describeError, errorJson, processTerminal } from "./terminal.ts";

const json = process.argv.includes("--json");
try {
  await createProgram(processTerminal, process.env).parseAsync(process.argv);
} catch (error) {
  processTerminal.err(json ? errorJson(error) : describeError(error));
  process.exitCode = exitCodeOf(error);
}
