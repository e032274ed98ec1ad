import { isJsonObject } from "../../model/json.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { adaptiveLimit } from "../http/adaptive-limit.ts";
import { parseJson } from "../http/parse-json.ts";
import { postJson } from "../http/post-json.ts";
import type { HttpOptions } from "../http/post-json.ts";
import type { ModelPrice } from "./judge-model.ts";

/** What the built-in providers have in common. */
export interface ProviderOptions extends HttpOptions {
  /** As the provider names it. */
  model: string;
  /** A string, or a function that is asked before every call (for keys that rotate). Sent only to `baseUrl`. */
  apiKey?: string | (() => string | Promise<string>);
  /** What a token costs, to report and to budget calls. */
  price?: ModelPrice;
  /** Merged into every request body, for example `{ seed: 7 }`. */
  body?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
  /** Calls under way at once; halves when the provider says it is too many. @default 8 */
  maxConcurrent?: number;
}

export interface Provider {
  /** POSTs to `path` below the base URL and gives the JSON object of the answer with the HTTP tries it took. */
  call(
    body: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<{ answer: Record<string, unknown>; attempts: number }>;
}

/** Sends requests of one provider, `maxConcurrent` at a time. @throws LoopsmithError `invalid` for a base URL that is none */
export function createProvider(
  url: string,
  options: ProviderOptions,
  authorise: (key: string) => Record<string, string>,
): Provider {
  if (!URL.canParse(url)) {
    throw new LoopsmithError("invalid", `Not a URL: "${url}".`, {
      hint: "Give baseUrl with its scheme, as in http://127.0.0.1:11434/v1.",
    });
  }
  const limit = adaptiveLimit(options.maxConcurrent ?? 8);
  const who = `judge model ${options.model}`;
  const send = async (body: Record<string, unknown>, signal: AbortSignal) => {
    const key = typeof options.apiKey === "function" ? await options.apiKey() : options.apiKey;
    const headers = { ...(key !== undefined && authorise(key)), ...options.headers };
    const { text, attempts } = await postJson(
      { url, body: JSON.stringify({ ...body, ...options.body }), headers: () => headers, signal, who },
      options,
    );
    const answer = parseJson(text, who);
    // Some gateways wrap the error of the model behind them into a 200.
    if (!isJsonObject(answer) || isJsonObject(answer.error)) {
      const said = isJsonObject(answer) ? errorMessage((answer.error as { message?: unknown }).message) : "no object";
      throw new LoopsmithError("unavailable", `${who} answered with an error: ${said}`, {
        hint: "See the provider's status.",
      });
    }
    return { answer, attempts };
  };
  return { call: (body, signal) => limit.run(() => send(body, signal)) };
}
