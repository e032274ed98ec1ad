import type { Command } from "commander";
import { userInfo } from "node:os";
import { decideStored, findRemedy } from "../../loop/remedy/loop-remedies.ts";
import { storedRemedy } from "../../loop/remedy/stored-remedy.ts";
import type { RemedyAction } from "../../remedy/decide-remedy.ts";
import type { RemedyPlan } from "../../remedy/remedy-plan.ts";
import type { RemedyState } from "../../remedy/remedy-state.ts";
import { withStore, type AddCommand, type CommandContext, type StoreFlags } from "../command.ts";
import { planRemediesOfFile, runRemediesOfFile } from "../run-remedies.ts";
import { table } from "../terminal.ts";
import { addRemedyRegression } from "./remedy-regression.ts";

interface Flags extends StoreFlags {
  json?: boolean;
  why?: string;
  who?: string;
  name?: string;
  dryRun?: boolean;
  inProcess?: boolean;
}

const DECISIONS: readonly { command: string; action: RemedyAction; description: string }[] = [
  { command: "approve", action: "approve", description: "Let a remedy start, or its winner come into use." },
  { command: "reject", action: "reject", description: "End a remedy before anything is in use." },
  { command: "promote", action: "promote", description: "Bring the winner into use at once, without a canary." },
  { command: "rollback", action: "roll_back", description: "Take back what is in use." },
];

export const addRemedy: AddCommand = (program, context) => {
  const remedy = program
    .command("remedy")
    .description(
      "Fixes on their way from a pattern to use: list, show, history, plan, run, approve, reject, promote, rollback, regression.",
    );
  const reading = (name: string, description: string): Command =>
    remedy
      .command(name)
      .description(description)
      .option("--data-dir <dir>", "folder of the database")
      .option("--json", "print one JSON object");

  reading("list", "All remedies, the most recently changed first.").action((flags: Flags) =>
    withStore(context, flags, async (store) => {
      const remedies = (await store.remedyList({})).map((record) => storedRemedy<object>(record));
      if (flags.json) return context.terminal.out(JSON.stringify({ remedies }));
      context.terminal.out(remedies.length === 0 ? "There are no remedies yet." : table(remedies.map(row)));
    }),
  );
  reading("show <id>", "One remedy: its candidates, what the gate said, and where it stands.").action(
    (id: string, flags: Flags) => tell(context, id, flags, describe),
  );
  reading("history <id>", "Who did what, and why.").action((id: string, flags: Flags) =>
    tell(context, id, flags, ({ history }) => history.map(line)),
  );
  for (const { command, action, description } of DECISIONS) {
    reading(`${command} <id>`, description)
      .requiredOption("--why <text>", "goes into its history")
      .option("--who <name>", "who decides (default: you)")
      .action((id: string, flags: Flags) =>
        withStore(context, flags, async (store) => {
          const decision = { who: flags.who ?? userInfo().username, why: flags.why ?? "" };
          const state = await decideStored(store, id, action, decision);
          if (flags.json) return context.terminal.out(JSON.stringify(state));
          const what = state.history.at(-1)?.what ?? "";
          context.terminal.out(`${what} The loop that declares it, or \`loopsmith remedy run\`, goes on from here.`);
        }),
      );
  }
  addRemedyRegression(remedy, context);

  const working = (name: string, description: string): Command =>
    reading(name, description)
      .option("--name <name>", "only the remedy declared under this name")
      .option("--in-process", "read the embedded server's store directly instead of over HTTP");
  working("plan [file]", "What the remedies of a loop file would do and cost at most. Writes and pays nothing.").action(
    async (file: string | undefined, flags: Flags) =>
      showPlans(context, await planRemediesOfFile(file, flags, context), flags),
  );
  working("run [file]", "Takes the remedies of a loop file as far as they go now: until done, deferred, or waiting.")
    .option("--dry-run", "show the plan and its cost instead")
    .action(async (file: string | undefined, flags: Flags) => {
      if (flags.dryRun) return showPlans(context, await planRemediesOfFile(file, flags, context), flags);
      const states = await runRemediesOfFile(file, flags, context);
      if (flags.json) return context.terminal.out(JSON.stringify({ remedies: states }));
      if (states.length === 0) context.terminal.out("Nothing to do: no issue is in a state the remedies wait for.");
      for (const state of states) context.terminal.out(describe(state).join("\n"));
    });
};

async function tell(
  context: CommandContext,
  id: string,
  flags: Flags,
  lines: (state: RemedyState<object>) => string[],
): Promise<void> {
  await withStore(context, flags, async (store) => {
    const state = await findRemedy(store, id);
    context.terminal.out(flags.json ? JSON.stringify(state) : lines(state).join("\n"));
  });
}

function showPlans({ terminal }: CommandContext, plans: readonly RemedyPlan[], flags: Flags): void {
  if (flags.json) return terminal.out(JSON.stringify({ plans }));
  if (plans.length === 0) return terminal.out("Nothing to do: no issue is in a state the remedies wait for.");
  for (const { name, stage, steps, maxUsd, spentUsd, warnings } of plans) {
    terminal.out(
      `${name} (${stage.replaceAll("_", " ")}): at most $${maxUsd.toFixed(2)}, $${spentUsd.toFixed(2)} spent`,
    );
    for (const { step, what, calls, maxUsd: usd } of steps) {
      terminal.out(`  ${step}: ${what}${calls > 0 ? ` At most ${calls} calls, $${usd.toFixed(2)}.` : ""}`);
    }
    for (const warning of warnings) terminal.out(`  ! ${warning}`);
  }
}

function row(state: RemedyState<object>): Record<string, unknown> {
  return {
    id: state.id.slice(0, 8),
    name: state.name,
    stage: state.stage,
    winner: state.winner,
    since: time(state.history.at(-1)?.at ?? 0),
    deferred: state.deferred,
  };
}

function describe(state: RemedyState<object>): string[] {
  const { name, stage, deferred, candidates, winner, promoted } = state;
  const tried = candidates.map((candidate) => ({
    candidate: candidate.name,
    verdict: candidate.verdict?.verdict ?? (candidate.finalist ? "not yet" : "screened out"),
    improvement: candidate.verdict ? points(candidate.verdict.improvement.estimate) : null,
    pairs: candidate.verdict?.pairs ?? null,
    chosen: candidate.name === winner ? "yes" : null,
  }));
  return [
    `${name}: ${stage.replaceAll("_", " ")}${deferred === null ? "" : ` (deferred: ${deferred})`}`,
    ...(tried.length > 0 ? [table(tried)] : []),
    ...(promoted ? [`In use as ${promoted.url ?? promoted.reference}`] : []),
    ...state.history.slice(-5).map(line),
  ];
}

function line({ at, who, what, why }: RemedyState<object>["history"][number]): string {
  return `${time(at)}  ${who}: ${what}${why === "" ? "" : ` (${why})`}`;
}

function time(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}

function points(share: number): string {
  return `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)} points`;
}
