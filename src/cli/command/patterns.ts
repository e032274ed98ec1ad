import { loopPatterns } from "../../loop/loop-patterns.ts";
import { pickLoop, wholeNumber, withStore, type AddCommand, type StoreFlags } from "../command.ts";

interface Flags extends StoreFlags {
  loop?: string;
  window: string;
  limit: number;
  json?: boolean;
}

export const addPatterns: AddCommand = (program, context) => {
  program
    .command("patterns")
    .description("What the failures of a window have in common, with support, risk ratio and significance.")
    .option("--loop <name>", "which loop (default: the only one)")
    .option("--window <length>", "how far back, by start of the trace: 90m, 24h, 7d", "24h")
    .option("--limit <n>", "patterns to show at most", wholeNumber("--limit", 1, 1000), 20)
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        const loop = await pickLoop(store, flags.loop);
        const report = await loopPatterns(store, loop.id, { window: flags.window, limit: flags.limit });
        if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, ...report }));
        terminal.out(
          `${report.failures} failures and ${report.passes} passes in the last ${flags.window} (${loop.name})`,
        );
        if (report.patterns.length === 0) {
          return terminal.out(`No pattern is significant among ${report.hypotheses} hypotheses.`);
        }
        for (const pattern of report.patterns) {
          terminal.out(`\n- ${pattern.sentence}`);
          terminal.out(`  ${pattern.failing} failing and ${pattern.passing} passing runs match; id ${pattern.id}`);
          terminal.out(`  e.g. ${pattern.exemplars.slice(0, 3).join(", ")}`);
        }
        terminal.out(
          `\n${Math.round(report.explained * 100)}% of the failures are explained by these; ${report.hypotheses} hypotheses were tested.`,
        );
        for (const dropped of report.dropped) terminal.out(`left out: ${dropped}`);
      });
    });
};
