import { fileURLToPath } from "node:url";
import { wholeNumber, type AddCommand, type StoreFlags } from "../command.ts";
import type { RemedyReport } from "../demo/run-remedy.ts";
import { renderReport } from "../summary.ts";
import { progressLine, table } from "../terminal.ts";

interface Flags extends StoreFlags {
  questions?: number;
  remedy?: boolean;
  json?: boolean;
}

export const addDemo: AddCommand = (program, context) => {
  program
    .command("demo")
    .description("The whole loop on a real retrieval pipeline over this documentation: offline, no key, half a minute.")
    .option(
      "--questions <n>",
      "questions to ask (default: 200, with --remedy 400)",
      wholeNumber("--questions", 10, 2_000),
    )
    .option("--remedy", "go on to the fix: dataset, candidates, experiment, gate, promotion, and the questions again")
    .option("--data-dir <dir>", "keep the data there, to look at it with the other commands")
    .option("--json", "print one summary object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      // Loaded here, so that the other commands start without the pipeline.
      const { DEMO_QUEUE } = await import("../demo/open-demo.ts");
      const { runDemo } = await import("../demo/run-demo.ts");
      const progress = progressLine(terminal);
      const options = {
        packageRoot: fileURLToPath(new URL("../../..", import.meta.url)),
        questions: flags.questions ?? (flags.remedy ? 400 : 200),
        ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
        progress: (text: string) => progress.show(text),
      };
      if (flags.remedy) {
        const { runRemedy } = await import("../demo/run-remedy.ts");
        const remedied = await runRemedy(options);
        progress.clear();
        return terminal.out(flags.json ? JSON.stringify(remedied) : renderRemedy(remedied));
      }
      const report = await runDemo(options);
      progress.clear();
      if (flags.json) return terminal.out(JSON.stringify(report));
      terminal.out(renderReport(report));
      terminal.out(`${report.webhooks.verified} webhooks passed the receiver's signature check.\n`);
      terminal.out("What to do next");
      terminal.out(`  loopsmith demo --data-dir .loopsmith       keep the data, then:`);
      terminal.out(`  loopsmith queue ${DEMO_QUEUE}    read the failing traces with their culprits`);
      terminal.out("  loopsmith patterns                         the full statistics of each pattern");
      terminal.out("  loopsmith run my-loop.ts                   the same over your own project");
    });
};

function renderRemedy(report: RemedyReport): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  return [
    `Pattern: ${report.pattern}`,
    "",
    table(report.candidates, ["name", "verdict", "eValue", "pMcNemar", "pairs"]),
    "",
    ...report.history.map((line) => `- ${line}`),
    "",
    `Failure rate ${percent(report.before.failureRate)} before, ${percent(report.after.failureRate)} after; in use: ${report.promoted ?? "nothing new"}`,
    `The pattern is ${report.after.patternSignificant ? "still" : "no longer"} significant.`,
  ].join("\n");
}
