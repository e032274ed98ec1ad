import { createServer, type Server } from "../server/create-server.ts";
import { listen } from "../server/listen.ts";
import { openStore } from "../store/open-store.ts";
import type { Environment } from "./environment.ts";

export interface LocalServer {
  url: string;
  /** `null` when another process serves. */
  server: Server | null;
  close(): Promise<void>;
}

/** The server that already runs on the configured port, or one of our own on a free port over the default store. */
export async function startLocalServer(environment: Environment): Promise<LocalServer> {
  const running = `http://127.0.0.1:${environment.port}`;
  if (environment.port !== 0 && (await isLoopsmith(running)))
    return { url: running, server: null, close: async () => {} };
  const store = await openStore();
  const server = createServer({ store, apiKey: environment.apiKey });
  const listener = await listen(server, { port: 0 });
  return {
    url: listener.url,
    server,
    async close() {
      await listener.close();
      await store.close();
    },
  };
}

async function isLoopsmith(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/info`, { signal: AbortSignal.timeout(500) });
    const info = (await response.json()) as Record<string, unknown>;
    return info["loopsmith"] !== undefined;
  } catch {
    return false;
  }
}
