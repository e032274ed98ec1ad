import { lookup as systemLookup } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { LoopsmithError } from "../model/errors.ts";
import { createNetworkFence, type AllowPrivateNetworks, type NetworkFence } from "./network-fence.ts";

export interface ResolvedAddress {
  address: string;
  family: number;
}

export interface SafeFetchOptions {
  /** Which private receivers may be reached. Default `false`: none. */
  allowPrivateNetworks?: AllowPrivateNetworks;
  /** Gives every address of a host name. Default: the system's resolver. */
  resolve?: (hostname: string) => Promise<readonly ResolvedAddress[]>;
}

/**
 * A `fetch` for URLs that must not lead into private networks. A host name is resolved once, all its addresses are
 * judged, and the socket connects to one of those judged, so an answer that changes between check and connection
 * gains nothing. Redirects are handed back, never followed; answers are never decompressed; idle connections are reused.
 *
 * Rejects with a LoopsmithError `forbidden` when the fence refuses, and with Node's own error when the network fails.
 */
export function createSafeFetch(options: SafeFetchOptions = {}): typeof fetch {
  const fence = createNetworkFence(options.allowPrivateNetworks);
  const lookup = fencedLookup(fence, options.resolve ?? ((hostname) => systemLookup(hostname, { all: true })));
  const keep = { keepAlive: true, maxFreeSockets: 16 };
  const agents = new Map<string, HttpAgent>([
    ["http:", new HttpAgent(keep)],
    ["https:", new HttpsAgent(keep)],
  ]);

  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const agent = agents.get(url.protocol);
    if (!agent) throw forbiddenScheme(url.protocol);
    // Sockets never ask `lookup` about a literal address. The URL parser has turned decimal, octal and hex forms
    // into the usual one by now.
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host)) fence.check(host, host);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const headers: Record<string, string> = Object.fromEntries(request.headers);
    if (body) headers["content-length"] = String(body.byteLength);
    const options = { method: request.method, headers, agent, lookup, signal: request.signal };
    return exchange(url, options, body, isRepeatable(request));
  };
}

/** The lookup a socket uses: resolves, and passes on only what the fence let through. */
function fencedLookup(fence: NetworkFence, resolve: NonNullable<SafeFetchOptions["resolve"]>): LookupFunction {
  const judged = callbackify(async (hostname: string): Promise<ResolvedAddress[]> => {
    const addresses = await resolve(hostname);
    for (const { address } of addresses) fence.check(address, hostname);
    return addresses.map(({ address, family }) => ({ address, family }));
  });
  return (hostname, options, callback) => {
    judged(hostname, (error, addresses) => {
      const first = error ? undefined : addresses[0];
      if (error) callback(error, "", 0);
      else if (!first) callback(Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" }), "", 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Whether sending it twice has the effect of sending it once, by its method or by an id that receivers dedupe on. */
function isRepeatable({ method, headers }: Request): boolean {
  return !["POST", "PATCH"].includes(method) || headers.has("idempotency-key") || headers.has("webhook-id");
}

function exchange(url: URL, options: RequestOptions, body: Buffer | undefined, repeat: boolean): Promise<Response> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing = send(url, options, (incoming) => {
      try {
        resolve(responseOf(incoming));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      // Most likely the server closed an idle connection at the moment we reused it, but it may have taken the request.
      if (outgoing.reusedSocket && error.code === "ECONNRESET" && repeat) resolve(exchange(url, options, body, false));
      else reject(error);
    });
    outgoing.end(body);
  });
}

const WITHOUT_BODY = new Set([204, 205, 304]);

function responseOf(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 0;
  if (status < 200 || status > 599) {
    throw new LoopsmithError("unavailable", `The receiver answered with status ${status}.`, {
      hint: "Check that the URL points to an HTTP endpoint.",
    });
  }
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "");
  }
  if (WITHOUT_BODY.has(status)) incoming.resume();
  const body = WITHOUT_BODY.has(status) ? null : ReadableStream.from<Uint8Array>(incoming);
  return new Response(body, { status, headers });
}

function forbiddenScheme(scheme: string): LoopsmithError {
  return new LoopsmithError("forbidden", `Refused to send to a ${scheme} URL.`, {
    hint: "Use an https: or http: URL.",
  });
}
