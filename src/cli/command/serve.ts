import { createServer } from "../../server/create-server.ts";
import { hostsAnswered } from "../../server/host-guard.ts";
import { listen } from "../../server/listen.ts";
import { startRetention, type RetentionPolicy } from "../../server/retention.ts";
import { openStore } from "../../store/open-store.ts";
import { parseDuration } from "../../internal/parse-duration.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { wholeNumber, type AddCommand, type StoreFlags } from "../command.ts";
import { describePlace, storePlace } from "../store-place.ts";
import { describeError } from "../terminal.ts";
import { untilToldToStop } from "../until-told-to-stop.ts";

interface Flags extends StoreFlags {
  host: string;
  port?: number;
  allowedHost?: string[];
  keep?: string;
  keepBytes?: number;
  json?: boolean;
}

const DAY_MS = 24 * 60 * 60_000;

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
    .option("--allowed-host <name...>", "host names to answer to (default: LOOPSMITH_ALLOWED_HOSTS; off loopback: any)")
    .option("--data-dir <dir>", "folder of the database")
    .option("--keep <time>", "delete traces that started longer ago: 30d (default: keep them)")
    .option(
      "--keep-bytes <n>",
      "delete the oldest traces of a project that takes more bytes than this",
      wholeNumber("--keep-bytes", 1, Number.MAX_SAFE_INTEGER),
    )
    .option("--json", "print one JSON line when it is ready")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      const environment = context.environment();
      const place = storePlace(environment, flags);
      const policy = policyOf(flags);
      const store = await openStore(place);
      try {
        const allowedHosts = hostsAnswered(flags.host, flags.allowedHost ?? environment.allowedHosts);
        const log = (message: string, error?: unknown): void =>
          terminal.err(error === undefined ? message : `${message}: ${describeError(error)}`);
        const logger = { info: () => undefined, warn: log, error: log };
        const server = createServer({ store, apiKey: environment.apiKey, allowedHosts, logger });
        const listener = await listen(server, { host: flags.host, port: flags.port ?? environment.port });
        // Also without a policy for all: projects may have their own.
        const retention = startRetention({ store, policy, onError: (error) => terminal.err(describeError(error)) });
        // Before anybody hears that it runs.
        const toldToStop = untilToldToStop();
        const data = describePlace(place);
        if (flags.json) {
          const where = place.databaseUrl === undefined ? { dataDir: data } : { database: data };
          terminal.out(JSON.stringify({ url: listener.url, ...where }));
        } else {
          terminal.out(`Loopsmith serves LangSmith's API at ${listener.url}, data in ${data}\n`);
          terminal.out(`  export LANGSMITH_ENDPOINT=${listener.url}`);
          terminal.out("  export LANGSMITH_TRACING=true");
          terminal.out(
            environment.apiKey === null
              ? "  export LANGSMITH_API_KEY=local        # any value; nobody but this machine reaches the server"
              : "  export LANGSMITH_API_KEY=$LOOPSMITH_API_KEY",
          );
        }
        await toldToStop;
        await retention.stop();
        await listener.close();
      } finally {
        await store.close();
      }
    });
};

/** @throws LoopsmithError `invalid` */
function policyOf({ keep, keepBytes }: Flags): RetentionPolicy {
  const maxAgeMs = keep === undefined ? undefined : parseDuration(keep);
  if (maxAgeMs === null || maxAgeMs === 0) {
    throw new LoopsmithError("invalid", `--keep is ${keep}`, { hint: "Give a length of time such as 30d or 12h." });
  }
  return {
    ...(maxAgeMs === undefined ? {} : { maxAgeDays: maxAgeMs / DAY_MS }),
    ...(keepBytes === undefined ? {} : { maxBytes: keepBytes }),
  };
}
