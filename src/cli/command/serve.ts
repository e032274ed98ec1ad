import { createServer } from "../../server/create-server.ts";
import { listen } from "../../server/listen.ts";
import { openStore } from "../../store/open-store.ts";
import { wholeNumber, type AddCommand, type StoreFlags } from "../command.ts";

interface Flags extends StoreFlags {
  host: string;
  port?: number;
  json?: boolean;
}

export const addServe: AddCommand = (program, context) => {
  program
    .command("serve")
    .description("Starts the embedded LangSmith-compatible server. Point LANGSMITH_ENDPOINT at it.")
    .option("--host <address>", "address to bind; anything but loopback needs LOOPSMITH_API_KEY", "127.0.0.1")
    .option(
      "--port <port>",
      "port (default: LOOPSMITH_PORT or 1984; 0: any free one)",
      wholeNumber("--port", 0, 65_535),
    )
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON line when it is ready")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      const environment = context.environment();
      const dataDir = flags.dataDir ?? environment.dataDir;
      const store = await openStore({
        dataDir,
        ...(environment.databaseUrl === null ? {} : { databaseUrl: environment.databaseUrl }),
      });
      try {
        const server = createServer({ store, apiKey: environment.apiKey });
        const listener = await listen(server, { host: flags.host, port: flags.port ?? environment.port });
        if (flags.json) terminal.out(JSON.stringify({ url: listener.url, dataDir }));
        else {
          terminal.out(`Loopsmith serves LangSmith's API at ${listener.url}, data in ${dataDir}\n`);
          terminal.out(`  export LANGSMITH_ENDPOINT=${listener.url}`);
          terminal.out("  export LANGSMITH_TRACING=true");
          terminal.out(
            environment.apiKey === null
              ? "  export LANGSMITH_API_KEY=local        # any value; nobody but this machine reaches the server"
              : "  export LANGSMITH_API_KEY=$LOOPSMITH_API_KEY",
          );
        }
        await new Promise<void>((resolve) => {
          process.once("SIGINT", () => resolve());
          process.once("SIGTERM", () => resolve());
        });
        await listener.close();
      } finally {
        await store.close();
      }
    });
};
