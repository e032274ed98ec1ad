import type { BackfillOptions } from "../../loop.ts";
import type { BackfillPlan } from "../../loop/plan-backfill.ts";
import { wholeNumber, type AddCommand, type CommandContext, type StoreFlags } from "../command.ts";
import { loopFileOf } from "../load-loop-file.ts";
import { openSession, runLoopFile } from "../run-loop-file.ts";

interface Flags extends StoreFlags {
  since: string;
  until?: string;
  limit?: number;
  errors?: boolean;
  plan?: boolean;
  json?: boolean;
}

export const addBackfill: AddCommand = (program, context) => {
  program
    .command("backfill [file]")
    .description("Judges the past with the loops of a file. Cut off, it resumes where it was when called again.")
    .requiredOption("--since <when>", "how far back: 7d, 2026-11-01")
    .option("--until <when>", "end of the range (default: now)")
    .option(
      "--limit <n>",
      "traces judged at most; called again, it takes the next ones",
      wholeNumber("--limit", 1, 1_000_000_000),
    )
    .option("--errors", "also judge those again whose evaluators failed")
    .option("--plan", "only say how many traces that is, how many are judged already, and what the rest costs at most")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (file: string | undefined, flags: Flags) => {
      const range = {
        since: flags.since,
        ...(flags.until === undefined ? {} : { until: flags.until }),
        ...(flags.limit === undefined ? {} : { limit: flags.limit }),
        ...(flags.errors === undefined ? {} : { errors: flags.errors }),
      };
      const path = loopFileOf(file);
      if (flags.plan) return showPlans(path, flags, context, range);
      await runLoopFile(path, flags, context, (loop, onProgress) => loop.backfill({ ...range, onProgress }));
    });
};

async function showPlans(path: string, flags: Flags, context: CommandContext, range: BackfillOptions): Promise<void> {
  const { terminal } = context;
  const session = await openSession(path, flags, context);
  try {
    for (const loop of session.loops) {
      const plan = await loop.planBackfill(range);
      if (flags.json) terminal.out(JSON.stringify({ loop: loop.name, ...plan }));
      else terminal.out(describePlan(loop.name, plan));
    }
  } finally {
    await session.close();
  }
}

function describePlan(name: string, plan: BackfillPlan): string {
  const { cost, errors, evaluators, read, toTake } = plan;
  const unpriced = evaluators.filter(({ priced }) => !priced).map((evaluator) => evaluator.name);
  return [
    `${name}: ${plan.traces} traces, ${plan.done} done already, ${plan.open} still running`,
    ...(errors > 0 ? [`  ${errors} whose evaluators failed (taken up again with --errors)`] : []),
    `  takes ${toTake}, judges ${read < toTake ? "about " : ""}${plan.toJudge}`,
    `  at most ${cost.calls} evaluator calls, ${cost.tokens} tokens, $${cost.usd.toFixed(2)}`,
    ...(unpriced.length > 0 ? [`  counted as free, because they name no cost: ${unpriced.join(", ")}`] : []),
    ...(read < toTake ? [`  estimated from ${read} of them`] : []),
  ].join("\n");
}
