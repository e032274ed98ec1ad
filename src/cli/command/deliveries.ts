import { ACTION_KINDS } from "../../destination/delivery-id.ts";
import type { ActionKind } from "../../model/action.ts";
import { DELIVERY_STATES, type Delivery, type DeliveryState } from "../../model/delivery.ts";
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
export function deliveryState(
  text: string | undefined,
  allowed: readonly DeliveryState[] = DELIVERY_STATES,
): DeliveryState[] | undefined {
  if (text === undefined) return undefined;
  if (allowed.includes(text as DeliveryState)) return [text as DeliveryState];
  throw new LoopsmithError("invalid", `--state is ${text}`, { hint: `Use one of ${allowed.join(", ")}.` });
}

/** @throws LoopsmithError `invalid` */
export function actionKind(text: string | undefined): ActionKind | undefined {
  if (text === undefined) return undefined;
  const kind = ACTION_KINDS.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new LoopsmithError("invalid", `--kind is ${text}`, { hint: `Use one of ${ACTION_KINDS.join(", ")}.` });
}

export const addDeliveries: AddCommand = (program, context) => {
  program
    .command("deliveries [id]")
    .description("What the loops sent where, with attempts and errors; dead letters wait for `loopsmith replay`.")
    .option("--loop <name>", "only this loop")
    .option("--state <state>", DELIVERY_STATES.join(", "))
    .option("--kind <action>", "add_to_annotation_queue, webhook, ...")
    .option("--trace <id>", "only of this trace")
    .option("--limit <n>", "deliveries to show at most", wholeNumber("--limit", 1, 100_000), 50)
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (id: string | undefined, flags: Flags) => {
      const { terminal } = context;
      const states = deliveryState(flags.state);
      const kind = actionKind(flags.kind);
      await withStore(context, flags, async (store) => {
        if (id !== undefined) {
          const [delivery] = await store.deliveryList({ ids: [id], limit: 1 });
          if (delivery) return terminal.out(flags.json ? JSON.stringify({ delivery }) : describeDelivery(delivery));
          throw new LoopsmithError("not_found", `there is no delivery ${id}`, {
            hint: "`loopsmith deliveries` lists them; give the whole id.",
          });
        }
        const loop = flags.loop === undefined ? null : await pickLoop(store, flags.loop);
        const [counts, deliveries] = await Promise.all([
          store.deliveryCounts(loop ? { loopId: loop.id } : {}),
          store.deliveryList({
            limit: flags.limit,
            ...(loop ? { loopId: loop.id } : {}),
            ...(states ? { states } : {}),
            ...(kind === undefined ? {} : { kind }),
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

function describeDelivery({ action, context, ...delivery }: Delivery): string {
  const { createdAt, deliveredAt, nextAttemptAt, state } = delivery;
  const at = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
  const facts = {
    ...delivery,
    createdAt: at(createdAt),
    nextAttemptAt: state === "pending" ? at(nextAttemptAt) : null,
    deliveredAt: at(deliveredAt),
  };
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  return [
    ...Object.entries(facts).map(([name, value]) => `${name.padEnd(width)}  ${value ?? "-"}`),
    `action   ${JSON.stringify(action, null, 2)}`,
    `context  ${JSON.stringify(context, null, 2)}`,
  ].join("\n");
}
