import type { IncomingMessage } from "node:http";

const messages = new WeakMap<Request, IncomingMessage>();

/** Remembers what a request came in as, so that its body can be read without a web stream and its copies in between. */
export function rememberIncoming(request: Request, message: IncomingMessage): void {
  messages.set(request, message);
}

/** `undefined` for a request that came without a socket. */
export function incomingOf(request: Request): IncomingMessage | undefined {
  return messages.get(request);
}
