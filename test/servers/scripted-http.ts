import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** How to answer one request: a status, a whole answer, or anything done by hand to the response. */
export type Step =
  | number
  | { status: number; headers?: Record<string, string>; body?: unknown }
  | ((response: ServerResponse, request: ReceivedRequest) => void);

export interface ScriptedHttpServer extends AsyncDisposable {
  url: string;
  port: number;
  requests: ReceivedRequest[];
  /** Connections accepted so far, whether or not a request came. */
  connections: number;
  /** Bytes written to all sockets, closed ones included. */
  bytesSent(): number;
}

/** A real HTTP server on loopback that answers the nth request with the nth step, and the last step for ever. */
export async function scriptedHttp(steps: readonly Step[], host = "127.0.0.1", port = 0): Promise<ScriptedHttpServer> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const request: ReceivedRequest = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      const step = steps[Math.min(requests.length, steps.length - 1)] ?? 200;
      requests.push(request);
      answer(step, response, request);
    });
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    requests,
    get connections() {
      return sockets.size;
    },
    bytesSent: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(step: Step, response: ServerResponse, request: ReceivedRequest): void {
  if (typeof step === "function") return step(response, request);
  const { status, headers = {}, body = "" } = typeof step === "number" ? { status: step } : step;
  response.writeHead(status, headers);
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
