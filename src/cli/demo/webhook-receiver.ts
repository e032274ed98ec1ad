import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

export interface WebhookReceiver {
  url: string;
  secret: string;
  /** Deliveries whose signature was right, by id: a retry counts once. */
  verified: Set<string>;
  rejected: number;
  close(): Promise<void>;
}

/** A receiver as a user would write one: it checks every signature with the `standardwebhooks` package. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const webhook = new Webhook(secret);
  const verified = new Set<string>();
  const receiver = { url: "", secret, verified, rejected: 0, close: async () => {} };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      try {
        webhook.verify(Buffer.concat(parts).toString("utf8"), request.headers as Record<string, string>);
        verified.add(String(request.headers["webhook-id"]));
        response.writeHead(204).end();
      } catch {
        receiver.rejected += 1;
        response.writeHead(401).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/loopsmith`;
  receiver.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return receiver;
}
