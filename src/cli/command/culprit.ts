import { openBlameHistory } from "../../loop/judge/blame-history.ts";
import { confirmCulprit } from "../../loop/confirm-culprit.ts";
import { readCulprit } from "../../loop/read-culprit.ts";
import type { Threshold } from "../../model/score.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { platformOver, withStore, type AddCommand, type StoreFlags } from "../command.ts";

interface Flags extends StoreFlags {
  loop?: string;
  confirm?: string | boolean;
  json?: boolean;
}

export const addCulprit: AddCommand = (program, context) => {
  program
    .command("culprit <trace>")
    .description(
      "Which span a failing trace is blamed on, and why; --confirm or correct it, and the project's ranker learns.",
    )
    .option("--confirm [span]", "it is right; or the id of the span that really was the culprit")
    .option("--loop <name>", "which loop (default: the only one)")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (traceId: string, flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        const loop = await pickLoop(store, flags.loop);
        const { attribution, reason } = await readCulprit(store, loop.id, traceId);
        let confirmations: number | null = null;
        if (flags.confirm !== undefined && flags.confirm !== false) {
          const opened = {
            platform: platformOver(context, store),
            store,
            loopId: loop.id,
            history: await openBlameHistory(store, loop.id, loop.config["threshold"] as Threshold | undefined, {
              train: false,
            }),
          };
          const spanId = typeof flags.confirm === "string" ? flags.confirm : undefined;
          confirmations = (await confirmCulprit(opened, traceId, spanId)).confirmations;
        }
        if (flags.json)
          return terminal.out(JSON.stringify({ loop: loop.name, trace: traceId, attribution, reason, confirmations }));
        if (reason !== null) terminal.out(`kind of reason: ${reason}`);
        if (!attribution?.culprit) terminal.out("not attributable");
        for (const [index, suspect] of [attribution?.culprit, ...(attribution?.runnersUp ?? [])].entries()) {
          if (!suspect) continue;
          terminal.out(
            `${index + 1}. ${suspect.name} (${suspect.kind}, suspicion ${suspect.score.toFixed(2)})  ${suspect.spanId}`,
          );
          for (const { text } of suspect.evidence) terminal.out(`   - ${text}`);
        }
        if (confirmations !== null)
          terminal.out(
            `\nLearned: ${confirmations} confirmed culprits; a ranker of your own decides from about 20 on.`,
          );
      });
    });
};
