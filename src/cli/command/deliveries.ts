import { DELIVERY_STATES, type DeliveryState } from "../../model/delivery.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { wholeNumber, withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  loop?: string;
  state?: string;
  kind?: string;
  trace?: string;
  limit: number;
  json?: boolean;
}

/** @throws LoopsmithError `invalid` */
export function deliveryState(text: string | undefined): DeliveryState[] | undefined {
  if (text === undefined) return undefined;
  if (DELIVERY_STATES.includes(text as DeliveryState)) return [text as DeliveryState];
  throw new LoopsmithError("invalid", `--state is ${text}`, { hint: `Use one of ${DELIVERY_STATES.join(", ")}.` });
}

export const addDeliveries: AddCommand = (program, context) => {
  program
    .command("deliveries")
    .description("What the loops sent where, with attempts and errors; dead letters wait for `loopsmith replay`.")
    .option("--loop <name>", "only this loop")
    .option("--state <state>", DELIVERY_STATES.join(", "))
    .option("--kind <action>", "add_to_annotation_queue, webhook, ...")
    .option("--trace <id>", "only of this trace")
    .option("--limit <n>", "deliveries to show at most", wholeNumber("--limit", 1, 100_000), 50)
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        const loop = flags.loop === undefined ? null : await pickLoop(store, flags.loop);
        const states = deliveryState(flags.state);
        const [counts, deliveries] = await Promise.all([
          store.deliveryCounts(loop ? { loopId: loop.id } : {}),
          store.deliveryList({
            limit: flags.limit,
            ...(loop ? { loopId: loop.id } : {}),
            ...(states ? { states } : {}),
            ...(flags.kind === undefined ? {} : { kind: flags.kind }),
            ...(flags.trace === undefined ? {} : { traceId: flags.trace }),
          }),
        ]);
        if (flags.json) return terminal.out(JSON.stringify({ counts, deliveries }));
        if (counts.length === 0) return terminal.out("Nothing was sent yet.");
        terminal.out(table(counts, ["kind", "state", "count"]));
        if (deliveries.length === 0) return;
        terminal.out("");
        terminal.out(
          table(
            deliveries.map((delivery) => ({
              id: delivery.id,
              kind: delivery.action.action,
              state: delivery.state,
              attempts: delivery.attempts,
              next: delivery.state === "pending" ? new Date(delivery.nextAttemptAt).toISOString() : null,
              error: delivery.lastError,
            })),
            ["id", "kind", "state", "attempts", "next", "error"],
          ),
        );
      });
    });
};
