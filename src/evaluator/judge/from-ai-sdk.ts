import { retryAfterMs } from "../../internal/retry-after.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { isJsonObject } from "../../model/json.ts";
import { networkReason } from "../../model/network-reason.ts";
import { adaptiveLimit } from "../http/adaptive-limit.ts";
import { statusError } from "../http/status-error.ts";
import { withRetries } from "../http/with-retries.ts";
import type { Attempted, RetryOptions } from "../http/with-retries.ts";
import { priceOf } from "./judge-model.ts";
import type { JudgeAnswer, JudgeFinish, JudgeModel, JudgeRequest, ModelPrice } from "./judge-model.ts";

/**
 * A language model object of the Vercel AI SDK (`openai("gpt-5-mini")`, `google(...)`, ...) by its shape, versions 5 and
 * later of the SDK. The package `ai` itself is not needed.
 */
export interface AiSdkModel {
  modelId: string;
  provider: string;
  doGenerate(options: {
    prompt: AiSdkMessage[];
    maxOutputTokens: number;
    temperature?: number;
    responseFormat: { type: "json"; schema: never; name: string };
    abortSignal: AbortSignal;
  }): PromiseLike<{ content: readonly object[]; finishReason: unknown; usage: unknown; response?: unknown }>;
}

/** The two message forms a judge needs, as the SDK types them. */
export type AiSdkMessage =
  | { role: "system"; content: string }
  | { role: "user"; content: { type: "text"; text: string }[] };

/** The SDK's models do not retry by themselves. */
export interface FromAiSdkOptions extends RetryOptions {
  /** For the cost of each answer, which budgets count. @default not known */
  price?: ModelPrice;
  /** `null` leaves it out. @default 0 */
  temperature?: number | null;
  /** Calls under way at once; halves when the provider says it is too many. @default 8 */
  maxConcurrent?: number;
}

const FINISHES: Readonly<Record<string, JudgeFinish>> = { stop: "stop", length: "length", "content-filter": "refusal" };

/**
 * Takes any language model of the Vercel AI SDK as a judge. What the SDK calls retryable is tried again, no sooner than
 * `Retry-After` asks.
 *
 * @throws LoopsmithError from `complete`, with the code of the last failure (`rate_limited`, `unavailable`, `unauthorized`,
 * `forbidden`, `not_found`, `invalid`, `too_large`, `timeout`)
 */
export function fromAiSdk(model: AiSdkModel, options: FromAiSdkOptions = {}): JudgeModel {
  const { price, maxConcurrent = 8 } = options;
  const id = `${model.provider}/${model.modelId}`;
  const who = `judge model ${id}`;
  const limit = adaptiveLimit(maxConcurrent);
  return {
    id,
    ...(price && { price }),
    complete: (request) =>
      limit.run(async () => {
        const attempt = () => tryOnce(model, request, who, options);
        const { value, attempts } = await withRetries({ who, signal: request.signal, attempt }, options);
        return { ...value, attempts };
      }),
  };
}

async function tryOnce(
  model: AiSdkModel,
  { system, user, schema, maxTokens, signal }: JudgeRequest,
  who: string,
  { price, temperature = 0, now = Date.now }: FromAiSdkOptions,
): Promise<Attempted<JudgeAnswer>> {
  try {
    const result = await model.doGenerate({
      prompt: [
        { role: "system", content: system },
        { role: "user", content: [{ type: "text", text: user }] },
      ],
      maxOutputTokens: maxTokens,
      ...(temperature !== null && { temperature }),
      // The SDK's own JSON Schema type is wider than a record and would have to be imported to be named.
      responseFormat: { type: "json", schema: schema as never, name: "verdict" },
      abortSignal: signal,
    });
    const [inputTokens, outputTokens] = usageOf(result.usage);
    const usd = priceOf(price, inputTokens, outputTokens);
    const value = {
      text: textIn(result.content),
      finish: FINISHES[finishOf(result.finishReason)] ?? "other",
      ...(inputTokens !== undefined && { inputTokens }),
      ...(outputTokens !== undefined && { outputTokens }),
      ...(usd !== undefined && { usd }),
      ...modelIn(result.response),
    };
    return { value };
  } catch (error) {
    return failed(error, who, now());
  }
}

function textIn(content: readonly object[]): string {
  return content
    .flatMap((part) => ("type" in part && part.type === "text" && "text" in part ? [String(part.text)] : []))
    .join("");
}

/** Version 5 gives a string, version 6 and later `{ unified, raw }`. */
function finishOf(reason: unknown): string {
  return String(isJsonObject(reason) ? reason.unified : reason);
}

/** Version 5 gives numbers, version 6 and later `{ total, ... }` for each side. */
function usageOf(usage: unknown): [number | undefined, number | undefined] {
  const total = (side: unknown): number | undefined => {
    const value = isJsonObject(side) ? side.total : side;
    return typeof value === "number" ? value : undefined;
  };
  return isJsonObject(usage) ? [total(usage.inputTokens), total(usage.outputTokens)] : [undefined, undefined];
}

function modelIn(response: unknown): { model?: string } {
  return isJsonObject(response) && typeof response.modelId === "string" ? { model: response.modelId } : {};
}

/** The SDK marks its errors with `isRetryable`, and those of an answer with `statusCode` and `responseHeaders`. */
function failed(error: unknown, who: string, now: number): Attempted<never> {
  const { isRetryable, statusCode, responseHeaders } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof statusCode === "number" && statusCode >= 300) {
    const headers = isJsonObject(responseHeaders) ? responseHeaders : {};
    const header = (name: string): string | null => (typeof headers[name] === "string" ? headers[name] : null);
    const wait = retryAfterMs({ get: header }, now);
    const { error: told, retry } = statusError(who, statusCode, errorMessage(error), wait);
    return { error: told, retry: retry && isRetryable === true, ...(wait !== null && { retryAfterMs: wait }) };
  }
  const told = new LoopsmithError("unavailable", `${who}: ${networkReason(error)}`, {
    hint: "Check key, model name and the provider's status.",
    cause: error,
  });
  return { error: told, retry: isRetryable === true };
}
