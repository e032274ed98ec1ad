import { randomUUID } from "node:crypto";
import { request, type IncomingMessage } from "node:http";

/** What a request was answered: a status or the error of the connection, and what the server says to do. */
export interface Answer {
  status: string;
  hint: string;
}

export function goodRun(fields: Record<string, unknown> = {}): Record<string, unknown> & { id: string } {
  const id = typeof fields["id"] === "string" ? fields["id"] : randomUUID();
  return {
    trace_id: id,
    dotted_order: `20261123T100000000000Z${id}`,
    name: "run",
    run_type: "chain",
    session_name: "bad",
    inputs: {},
    ...fields,
    id,
  };
}

export async function post(url: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Answer> {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return new Promise((resolve) => {
    const length = { "content-length": String(bytes.byteLength) };
    const outgoing = request(url, { method: "POST", agent: false, headers: { ...length, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: statusOf(answer), hint: hintIn(Buffer.concat(chunks)) }));
    });
    outgoing.on("socket", (socket) => socket.on("error", () => {}));
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve({ status: error.code ?? "error", hint: "" }));
    outgoing.end(bytes);
  });
}

/** A client that is turned away for now must hear for how long. */
function statusOf({ statusCode, headers }: IncomingMessage): string {
  const isForNow = statusCode === 429 || statusCode === 503;
  return `${statusCode}${isForNow && headers["retry-after"] === undefined ? " without Retry-After" : ""}`;
}

/** A GET whose answer is thrown away. Every request has a connection of its own, so that none is found closed. */
export async function ask(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false }, (answer) => answer.resume().on("end", resolve));
    outgoing.on("error", reject).end();
  });
}

function hintIn(body: Buffer): string {
  try {
    const { hint, rejected } = JSON.parse(body.toString()) as { hint?: string; rejected?: { hint: string }[] };
    return hint ?? rejected?.[0]?.hint ?? "";
  } catch {
    return "";
  }
}
