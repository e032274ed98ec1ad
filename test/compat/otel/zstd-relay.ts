import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { zstdRaw } from "../../../src/wire/compression/zstd.fixture.ts";

export interface Relay extends AsyncDisposable {
  url: string;
  /** What arrived with which encoding. */
  seen: (string | undefined)[];
}

/** Sends on what an exporter sends, compressed with zstd as OpenTelemetry's collector does it. */
export async function zstdRelay(target: string): Promise<Relay> {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      seen.push(request.headers["content-encoding"]);
      const answer = await fetch(`${target}${request.url ?? ""}`, {
        method: "POST",
        headers: {
          "content-type": request.headers["content-type"] ?? "",
          "langsmith-project": String(request.headers["langsmith-project"]),
          "content-encoding": "zstd",
        },
        body: new Uint8Array(zstdRaw(await bodyOf(request))),
      });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
