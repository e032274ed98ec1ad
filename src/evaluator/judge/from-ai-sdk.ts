import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { isJsonObject } from "../../model/json.ts";
import { priceOf } from "./judge-model.ts";
import type { JudgeFinish, JudgeModel, ModelPrice } from "./judge-model.ts";

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

export interface FromAiSdkOptions {
  /** For the cost of each answer, which budgets count. @default not known */
  price?: ModelPrice;
  /** `null` leaves it out. @default 0 */
  temperature?: number | null;
  /** Tries in all. The SDK's models do not retry by themselves. @default 3 */
  attempts?: number;
  /** Wait before the second try; doubles. @default 500 */
  backoffMs?: number;
}

const FINISHES: Readonly<Record<string, JudgeFinish>> = { stop: "stop", length: "length", "content-filter": "refusal" };

/** Takes any language model of the Vercel AI SDK as a judge. */
export function fromAiSdk(model: AiSdkModel, options: FromAiSdkOptions = {}): JudgeModel {
  const { price, temperature = 0, attempts = 3, backoffMs = 500 } = options;
  return {
    id: `${model.provider}/${model.modelId}`,
    ...(price && { price }),
    async complete({ system, user, schema, maxTokens, signal }) {
      for (let attempt = 1; ; attempt++) {
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
          return {
            text: textIn(result.content),
            finish: FINISHES[finishOf(result.finishReason)] ?? "other",
            ...(inputTokens !== undefined && { inputTokens }),
            ...(outputTokens !== undefined && { outputTokens }),
            ...(usd !== undefined && { usd }),
            ...modelIn(result.response),
            attempts: attempt,
          };
        } catch (error) {
          if (attempt >= attempts || signal.aborted || !isRetryable(error)) throw providerError(model, error);
          await new Promise((resolve) => setTimeout(resolve, backoffMs * 2 ** (attempt - 1)));
        }
      }
    },
  };
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

/** The SDK marks its errors with `isRetryable` and `statusCode`. */
function isRetryable(error: unknown): boolean {
  return typeof error === "object" && error !== null && "isRetryable" in error && error.isRetryable === true;
}

function providerError(model: AiSdkModel, error: unknown): LoopsmithError {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  const code = status === 429 ? "rate_limited" : isRetryable(error) || status === undefined ? "unavailable" : "invalid";
  return new LoopsmithError(code, `judge model ${model.provider}/${model.modelId}: ${errorMessage(error)}`, {
    hint: "Check key, model name and the provider's status.",
    cause: error,
  });
}
