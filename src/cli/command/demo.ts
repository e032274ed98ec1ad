import { fileURLToPath } from "node:url";
import { wholeNumber, type AddCommand, type StoreFlags } from "../command.ts";
import { renderReport } from "../summary.ts";
import { progressLine } from "../terminal.ts";

interface Flags extends StoreFlags {
  questions: number;
  json?: boolean;
}

export const addDemo: AddCommand = (program, context) => {
  program
    .command("demo")
    .description("The whole loop on a real retrieval pipeline over this documentation: offline, no key, half a minute.")
    .option("--questions <n>", "questions to ask", wholeNumber("--questions", 10, 2_000), 200)
    .option("--data-dir <dir>", "keep the data there, to look at it with the other commands")
    .option("--json", "print one summary object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      // Loaded here, so that the other commands start without the pipeline.
      const { DEMO_QUEUE, runDemo } = await import("../demo/run-demo.ts");
      const progress = progressLine(terminal);
      const report = await runDemo({
        packageRoot: fileURLToPath(new URL("../../..", import.meta.url)),
        questions: flags.questions,
        ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
        progress: (text) => progress.show(text),
      });
      progress.clear();
      if (flags.json) return terminal.out(JSON.stringify(report));
      terminal.out(renderReport(report));
      terminal.out(`${report.webhooks.verified} of them passed the receiver's signature check.\n`);
      terminal.out("What to do next");
      terminal.out(`  loopsmith demo --data-dir .loopsmith       keep the data, then:`);
      terminal.out(`  loopsmith queue ${DEMO_QUEUE}    read the failing traces with their culprits`);
      terminal.out("  loopsmith patterns                         the full statistics of each pattern");
      terminal.out("  loopsmith run my-loop.ts                   the same over your own project");
    });
};
