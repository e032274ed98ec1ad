import { Command, type CommanderError } from "commander";
import { LoopsmithError } from "../model/errors.ts";
import { addAlerts } from "./command/alerts.ts";
import { addBackfill } from "./command/backfill.ts";
import { addCulprit } from "./command/culprit.ts";
import { addDeliveries } from "./command/deliveries.ts";
import { addDemo } from "./command/demo.ts";
import { addDoctor } from "./command/doctor.ts";
import { addEvaluators } from "./command/evaluators.ts";
import { addExport } from "./command/export.ts";
import { addGate } from "./command/gate.ts";
import { addImport } from "./command/import.ts";
import { addIssues } from "./command/issues.ts";
import { addLoops } from "./command/loops.ts";
import { addPatterns } from "./command/patterns.ts";
import { addQueue } from "./command/queue.ts";
import { addRemedy } from "./command/remedy.ts";
import { addReplay } from "./command/replay.ts";
import { addRun } from "./command/run.ts";
import { addServe } from "./command/serve.ts";
import { addStatus } from "./command/status.ts";
import { addWorker } from "./command/worker.ts";
import type { CommandContext } from "./command.ts";
import { readEnvironment } from "./environment.ts";
import { packageManifest } from "./package-manifest.ts";
import type { Terminal } from "./terminal.ts";

const EPILOGUE = `
Environment
  LANGSMITH_ENDPOINT, LANGSMITH_API_KEY   the LangSmith that \`run\` works with; absent: a server of our own
  LOOPSMITH_DATA_DIR                      folder of the embedded database (default .loopsmith)
  LOOPSMITH_DATABASE_URL                  postgres://...: the database that many workers share
  LOOPSMITH_PORT                          port of \`serve\` (default 1984)
  LOOPSMITH_API_KEY                       key that \`serve\` asks for; required off loopback
  LOOPSMITH_ALLOWED_HOSTS                 host names that \`serve\` answers to (default off loopback: any)

Exit codes
  0 done   1 bug   2 bad input   3 not found or conflict   4 not allowed   5 unreachable   6 disk full
  7 evaluator failed   8 budget used up

Start here
  loopsmith demo                 see the whole loop work, offline, in half a minute
  loopsmith run my-loop.ts       watch a project with your own evaluator
`;

/** The command line as an object, so that tests can drive it. Whoever runs it tells of bad input. */
export function createProgram(terminal: Terminal, env: NodeJS.ProcessEnv): Command {
  const context: CommandContext = { terminal, environment: () => readEnvironment(env) };
  const program = new Command("loopsmith")
    .description(
      "Closes the loop from LLM traces to fixes: score, blame the span, route the failure, find the pattern.",
    )
    .version(packageManifest().version)
    .addHelpText("after", EPILOGUE)
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      // What is thrown says it, with a hint and a code.
      outputError: () => undefined,
    })
    .exitOverride((error) => {
      throw fromCommander(error);
    });
  for (const add of [
    addDemo,
    addServe,
    addRun,
    addWorker,
    addBackfill,
    addPatterns,
    addIssues,
    addAlerts,
    addCulprit,
    addRemedy,
    addGate,
    addEvaluators,
    addQueue,
    addDeliveries,
    addReplay,
    addImport,
    addExport,
    addStatus,
    addLoops,
    addDoctor,
  ]) {
    add(program, context);
  }
  return program;
}

/** Help and version end the process with 0; everything else commander says is bad input. */
function fromCommander(error: CommanderError): Error {
  if (error.exitCode === 0) process.exit(0);
  return new LoopsmithError("invalid", error.message.replace(/^error: /, ""), {
    hint: "`loopsmith --help` lists the commands, `loopsmith <command> --help` what one takes.",
  });
}
