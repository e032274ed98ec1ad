import { resolveSince } from "../../loop/window.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { actionKind, deliveryState } from "./deliveries.ts";

interface Flags extends StoreFlags {
  loop?: string;
  state?: string;
  kind?: string;
  since?: string;
  until?: string;
  all?: boolean;
  json?: boolean;
}

export const addReplay: AddCommand = (program, context) => {
  program
    .command("replay [ids...]")
    .description("Sends dead or suppressed deliveries again, under the same ids, the next time their loop runs.")
    .option("--all", "every one that matches, when no ids are given")
    .option("--loop <name>", "only this loop")
    .option("--state <state>", "dead, suppressed or delivered (default: dead; of ids given, suppressed too)")
    .option("--kind <action>", "add_to_annotation_queue, webhook, ...")
    .option("--since <when>", "created since: 7d, 2026-11-01")
    .option("--until <when>", "created before")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (ids: string[], flags: Flags) => {
      const { terminal } = context;
      if (ids.length === 0 && !flags.all && flags.since === undefined) {
        throw new LoopsmithError("invalid", "nothing was chosen to replay", {
          hint: "Give delivery ids, a time range with --since, or --all.",
        });
      }
      const states = deliveryState(flags.state, ["dead", "suppressed", "delivered"]);
      const kind = actionKind(flags.kind);
      await withStore(context, flags, async (store) => {
        const known = ids.length === 0 ? [] : await store.deliveryList({ ids, limit: ids.length });
        const missing = ids.filter((id) => !known.some((delivery) => delivery.id === id));
        if (missing.length > 0) {
          throw new LoopsmithError("not_found", `there is no delivery ${missing.join(", ")}`, {
            hint: "`loopsmith deliveries` lists them; give whole ids.",
          });
        }
        const loop = flags.loop === undefined ? null : await pickLoop(store, flags.loop);
        const replayed = await store.deliveryReplay({
          ...(loop ? { loopId: loop.id } : {}),
          ...(ids.length > 0 ? { ids } : {}),
          ...(states ? { states } : {}),
          ...(kind === undefined ? {} : { kind }),
          ...(flags.since === undefined ? {} : { createdFrom: resolveSince(flags.since, store.now()) }),
          ...(flags.until === undefined ? {} : { createdTo: resolveSince(flags.until, store.now()) }),
        });
        terminal.out(flags.json ? JSON.stringify({ replayed }) : `${replayed} deliveries wait for their loop again.`);
      });
    });
};
