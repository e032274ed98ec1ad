import { LoopsmithError } from "../../model/errors.ts";
import { wholeNumber, withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  limit: number;
  json?: boolean;
}

export const addQueue: AddCommand = (program, context) => {
  program
    .command("queue [name]")
    .description("The annotation queues of the embedded server, or the items of one with their culprits.")
    .option("--limit <n>", "items to show at most", wholeNumber("--limit", 1, 100_000), 50)
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (name: string | undefined, flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        if (name === undefined) {
          const queues = await store.queueList({ limit: flags.limit, offset: 0 });
          const rows = await Promise.all(
            queues.map(async (queue) => ({
              name: queue.name,
              items: await store.queueItemCount({ queueId: queue.id }),
              id: queue.id,
            })),
          );
          if (flags.json) return terminal.out(JSON.stringify({ queues: rows }));
          return terminal.out(rows.length === 0 ? "There are no annotation queues." : table(rows));
        }
        const [queue] = await store.queueList({ name, limit: 1, offset: 0 });
        if (!queue) {
          throw new LoopsmithError("not_found", `no annotation queue is named "${name}"`, {
            hint: "`loopsmith queue` lists them.",
          });
        }
        const items = await store.queueItemList({ queueId: queue.id, limit: flags.limit, offset: 0 });
        if (flags.json) return terminal.out(JSON.stringify({ queue: { id: queue.id, name: queue.name }, items }));
        terminal.out(
          table(
            items.map((item) => ({
              run: item.runId,
              status: item.status,
              score: item.metadata["score"] ?? item.metadata["failureScore"],
              culprit: culpritName(item.metadata["culprit"]),
              added: new Date(item.addedAt).toISOString(),
            })),
            ["run", "status", "score", "culprit", "added"],
          ),
        );
      });
    });
};

function culpritName(culprit: unknown): string | null {
  if (typeof culprit !== "object" || culprit === null) return null;
  const { name } = culprit as { name?: unknown };
  return typeof name === "string" ? name : null;
}
