import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server was asked, taken apart. */
export interface ScriptedRequest {
  url: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  system: string;
  user: string;
  /** The code the judge was told to return. */
  check: string;
}

/** Answers a request; the default is an honest verdict of 0.9. */
export type Script = (request: ScriptedRequest, response: ServerResponse) => void;

export interface ScriptedServer extends AsyncDisposable {
  /** Base URL up to and with `/v1`. */
  url: string;
  requests: ScriptedRequest[];
  /** Answers in order; when they are used up, `fallback` answers. */
  next: Script[];
  fallback: Script;
}

/** A server on loopback that speaks OpenAI's chat completions and does what the test tells it. */
export async function scriptedServer(): Promise<ScriptedServer> {
  const state = { requests: [] as ScriptedRequest[], next: [] as Script[], fallback: honest() };
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      response.setHeader("content-type", "application/json");
      const request = readRequest(incoming.url ?? "", incoming.headers, Buffer.concat(chunks).toString());
      state.requests.push(request);
      (state.next.shift() ?? state.fallback)(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** The verdict of a judge that does as it was told. */
export function honest(fields: Record<string, unknown> = {}): Script {
  return (request, response) =>
    say(JSON.stringify({ reasoning: "It holds.", score: 0.9, injection: false, check: request.check, ...fields }))(
      request,
      response,
    );
}

/** Any text as the model's message. */
export function say(content: string, finish = "stop", message: Record<string, unknown> = {}): Script {
  return (_request, response) =>
    void response.end(
      JSON.stringify({
        id: "c1",
        model: "scripted-1",
        system_fingerprint: "fp_1",
        choices: [{ index: 0, finish_reason: finish, message: { role: "assistant", content, ...message } }],
        usage: { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050 },
      }),
    );
}

/** An HTTP error. */
export function status(code: number, message = "no", headers: Record<string, string> = {}): Script {
  return (_request, response) => void response.writeHead(code, headers).end(JSON.stringify({ error: { message } }));
}

function readRequest(url: string, headers: IncomingHttpHeaders, text: string): ScriptedRequest {
  const body = JSON.parse(text) as Record<string, unknown>;
  const messages = body.messages as { role: string; content: string }[];
  const system =
    typeof body.system === "string" ? body.system : (messages.find(({ role }) => role === "system")?.content ?? "");
  const user = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const check = /"check": the string "([^"]+)"/.exec(system)?.[1] ?? "";
  return { url, headers, body, system, user, check };
}
