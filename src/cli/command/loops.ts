import { pickLoop } from "../../loop/pick-loop.ts";
import { retireLoop } from "../../loop/retire-loop.ts";
import { withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  retire?: string;
  json?: boolean;
}

export const addLoops: AddCommand = (program, context) => {
  program
    .command("loops")
    .description("Lists the loops of a database, and takes one out of use that was renamed, misspelt or given up.")
    .option("--retire <name>", "end what waits for this loop, keep its verdicts; running it again brings it back")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        if (flags.retire !== undefined) {
          const loop = await pickLoop(store, flags.retire);
          const ended = await retireLoop(store, loop);
          if (flags.json) return terminal.out(JSON.stringify({ retired: loop.name, ...ended }));
          const { traces, deliveries } = ended;
          return terminal.out(`${loop.name} is retired; ${traces} waiting traces and ${deliveries} deliveries ended.`);
        }
        const loops = await store.loopList({ retired: true });
        const rows = loops.map(({ id, name, projectName, createdAt, retiredAt }) => ({
          loop: name,
          project: projectName,
          since: new Date(createdAt).toISOString(),
          retired: retiredAt === null ? null : new Date(retiredAt).toISOString(),
          id,
        }));
        if (flags.json) return terminal.out(JSON.stringify({ loops: rows }));
        terminal.out(rows.length === 0 ? "No loop has run over this data directory yet." : table(rows));
      });
    });
};
