import { Client } from "langsmith";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, listen, type Listening, type Server, type ServerOptions } from "../../src/server/index.ts";
import { openStore } from "../../src/store/open-store.ts";

export interface RunningServer extends AsyncDisposable {
  server: Server;
  listening: Listening;
  /** The official client, by HTTP. */
  client: Client;
  /** The official client, without a socket. */
  inProcess: Client;
}

/** A real server on a real port over a database of its own, and the official client pointed at it both ways. */
export async function startServer(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-server-"));
  const store = await openStore({ dataDir: folder });
  const server = createServer({ store, ...options });
  const listening = await listen(server, { port: 0 });
  const apiKey = options.apiKey ?? "any";
  return {
    server,
    listening,
    client: new Client({ apiUrl: listening.url, apiKey }),
    inProcess: new Client({
      apiUrl: "http://loopsmith.internal",
      apiKey,
      fetchImplementation: (input, init) => server.fetch(input, init),
    }),
    async [Symbol.asyncDispose]() {
      await listening.close({ graceMs: 1000 });
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** All of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
