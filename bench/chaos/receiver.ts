import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceiverOptions {
  random: () => number;
  /** Share of webhooks that are taken but never acknowledged. @default 0.05 */
  lostAcks?: number;
  /** Share of webhooks refused with 503. @default 0 */
  refused?: number;
  /** Share of the judge's answers that are 500. @default 0 */
  judgeFails?: number;
  /** How long the judge thinks, ms. @default 0 */
  judgeMs?: number;
}

/** Plays the receiver of webhooks, which checks ids, and the paid judge, which counts calls. */
export interface Receiver extends AsyncDisposable {
  url: string;
  /** Webhook ids by trace. */
  ids: Map<string, Set<string>>;
  /** Requests, repeated ones included. */
  received(): number;
  /** Answers the judge was paid for, by trace. */
  paid: Map<string, number>;
  /** Traces whose call a worker has made and nobody has finished yet, by worker. */
  open: Map<string, Set<string>>;
}

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { random, lostAcks = 0.05, refused = 0, judgeFails = 0, judgeMs = 0 } = options;
  const ids = new Map<string, Set<string>>();
  const paid = new Map<string, number>();
  const open = new Map<string, Set<string>>();
  let received = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const [, kind, worker = "", traceId = ""] = (request.url ?? "").split("/");
      if (kind === "judge") {
        const answer = (): void => {
          if (random() < judgeFails) {
            // Answered and not paid for: nothing of it is under way any more.
            open.get(worker)?.delete(traceId);
            return void response.writeHead(500).end();
          }
          paid.set(traceId, (paid.get(traceId) ?? 0) + 1);
          response.writeHead(200, { "content-type": "application/json" });
          response.end(JSON.stringify({ score: Number.parseInt(traceId.slice(-1), 16) % 4 === 0 ? 0 : 1 }));
        };
        open.set(worker, (open.get(worker) ?? new Set()).add(traceId));
        if (judgeMs > 0) setTimeout(answer, judgeMs * (0.5 + random()));
        else answer();
        return;
      }
      if (random() < refused) return void response.writeHead(503).end();
      const { data } = JSON.parse(Buffer.concat(parts).toString("utf8")) as { data: { trace_id: string } };
      const known = ids.get(data.trace_id) ?? new Set<string>();
      ids.set(data.trace_id, known.add(String(request.headers["webhook-id"])));
      received += 1;
      if (random() < lostAcks) request.socket.destroy();
      else response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ids,
    paid,
    open,
    received: () => received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
