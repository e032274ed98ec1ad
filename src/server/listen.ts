import { serve, type HttpBindings } from "@hono/node-server";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import type { Server } from "./create-server.ts";
import { rememberIncoming } from "./incoming.ts";
import { hostInUrl, isLoopback } from "./host-guard.ts";

export interface ListenOptions {
  /** Address to bind to. Anything beyond loopback needs a server with an API key. @default "127.0.0.1" */
  host?: string;
  /** 0 picks a free port. @default 1984 */
  port?: number;
}

export interface Listening {
  /** `http://127.0.0.1:1984`: what LANGSMITH_ENDPOINT should be. */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, waits for requests in flight (at most `graceMs`, default 10 000), then closes. */
  close(options?: { graceMs?: number }): Promise<void>;
}

/**
 * Gives a server a port.
 * @throws LoopsmithError `forbidden` for a public address without an API key, `conflict` when the port is taken,
 * `unavailable` when the address cannot be bound to
 */
export async function listen(server: Server, options: ListenOptions = {}): Promise<Listening> {
  const { host = "127.0.0.1", port = 1984 } = options;
  if (!isLoopback(host) && !server.requiresKey) {
    throw new LoopsmithError("forbidden", `refusing to listen on ${host} without an API key`, {
      hint: "Set LOOPSMITH_API_KEY, or bind to 127.0.0.1.",
    });
  }
  const http = await start(server, host, port);
  const address = http.address() as AddressInfo;
  return {
    url: `http://${hostInUrl(address.address)}:${address.port}`,
    port: address.port,
    async close({ graceMs = 10_000 } = {}) {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeIdleConnections();
      const timer = setTimeout(() => http.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
      await server.close();
    },
  };
}

function start(server: Server, hostname: string, port: number): Promise<HttpServer> {
  return new Promise((resolve, reject) => {
    const fetch = (request: Request, bindings: unknown): Promise<Response> => {
      rememberIncoming(request, (bindings as HttpBindings).incoming);
      return server.fetch(request);
    };
    const http = serve({ fetch, hostname, port }, () => resolve(http)) as HttpServer;
    http.on("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new LoopsmithError(
          taken ? "conflict" : "unavailable",
          `cannot listen on ${hostname}:${port}: ${errorMessage(error)}`,
          {
            hint: taken
              ? "Another program has the port (another `loopsmith serve`?); stop it or choose one with LOOPSMITH_PORT."
              : "Choose an address of this machine with --host.",
            cause: error,
          },
        ),
      );
    });
  });
}
