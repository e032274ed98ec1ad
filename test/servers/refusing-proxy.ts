import { createServer, request as ask, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface RefusingProxy extends AsyncDisposable {
  url: string;
  /** Requests that were refused. */
  refused: number;
}

/** Stands before a server and answers itself wherever `refuse` gives a status; everything else goes through as it is. */
export async function refusingProxy(
  target: string,
  refuse: (request: IncomingMessage) => { status: number; headers?: Record<string, string> } | null,
): Promise<RefusingProxy> {
  const to = new URL(target);
  const proxy = { url: "", refused: 0 };
  const server = createServer((request, response) => {
    const answer = refuse(request);
    if (answer) {
      proxy.refused += 1;
      request.resume();
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end('{"detail":"refused"}');
      return;
    }
    const { method, url: path, headers } = request;
    const onward = ask({ host: to.hostname, port: to.port, method, path, headers: { ...headers, host: to.host } });
    onward.on("response", (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(proxy, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
