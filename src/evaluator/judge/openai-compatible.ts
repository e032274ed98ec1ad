import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject } from "../../model/json.ts";
import { textOf } from "../text/text-of.ts";
import { priceOf } from "./judge-model.ts";
import type { JudgeAnswer, JudgeFinish, JudgeModel, JudgeRequest } from "./judge-model.ts";
import { createProvider } from "./provider.ts";
import type { ProviderOptions } from "./provider.ts";

export interface OpenAiCompatibleOptions extends ProviderOptions {
  /** Up to and with the version. @default "https://api.openai.com/v1" */
  baseUrl?: string;
  /** `null` leaves it out, as reasoning models demand. @default 0 */
  temperature?: number | null;
}

/** What this endpoint understands; learnt from its refusals, once for the life of the model object. */
interface Dialect {
  format: "json_schema" | "json_object" | "none";
  tokens: "max_completion_tokens" | "max_tokens";
  temperature: boolean;
}

/**
 * Any endpoint that speaks OpenAI's chat completions: OpenAI, Azure, Ollama, vLLM, LM Studio, OpenRouter, Groq, ...
 * Asks for structured output and falls back, where the endpoint refuses a parameter, to what it understands.
 */
export function openAiCompatible(options: OpenAiCompatibleOptions): JudgeModel {
  const { baseUrl = "https://api.openai.com/v1", model, price, temperature = 0 } = options;
  const url = `${baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const provider = createProvider(url, options, (key) => ({ authorization: `Bearer ${key}` }));
  const dialect: Dialect = {
    format: "json_schema",
    tokens: "max_completion_tokens",
    temperature: temperature !== null,
  };
  return {
    id: `openai/${model}`,
    ...(price && { price }),
    async complete(request) {
      for (;;) {
        const spoken = { ...dialect };
        try {
          const body = requestBody(model, request, spoken, temperature);
          const { answer, attempts } = await provider.call(body, request.signal);
          return { ...readAnswer(answer, price), attempts };
        } catch (error) {
          if (!learn(dialect, spoken, error)) throw error;
        }
      }
    },
  };
}

function requestBody(
  model: string,
  request: JudgeRequest,
  dialect: Dialect,
  temperature: number | null,
): Record<string, unknown> {
  return {
    model,
    messages: [
      { role: "system", content: request.system },
      { role: "user", content: request.user },
    ],
    [dialect.tokens]: request.maxTokens,
    ...(dialect.temperature && { temperature }),
    ...(dialect.format === "json_schema" && {
      response_format: { type: "json_schema", json_schema: { name: "verdict", strict: true, schema: request.schema } },
    }),
    ...(dialect.format === "json_object" && { response_format: { type: "json_object" } }),
  };
}

/** True when the refusal named something that can be said otherwise; then the same request is worth another try. */
function learn(dialect: Dialect, spoken: Dialect, error: unknown): boolean {
  if (!LoopsmithError.isInstance(error) || error.code !== "invalid") return false;
  const said = error.message.toLowerCase();
  if (/response_format|json_schema|json_object|structured output|schema/.test(said) && spoken.format !== "none") {
    dialect.format = spoken.format === "json_schema" ? "json_object" : "none";
    return true;
  }
  if (/temperature/.test(said) && spoken.temperature) {
    dialect.temperature = false;
    return true;
  }
  if (/max_completion_tokens|max_tokens/.test(said) && spoken.tokens === "max_completion_tokens") {
    dialect.tokens = "max_tokens";
    return true;
  }
  return false;
}

const FINISHES: Readonly<Record<string, JudgeFinish>> = { stop: "stop", length: "length", content_filter: "refusal" };

function readAnswer(answer: Record<string, unknown>, price: OpenAiCompatibleOptions["price"]): JudgeAnswer {
  const choice: unknown = Array.isArray(answer.choices) ? answer.choices[0] : undefined;
  const message = isJsonObject(choice) && isJsonObject(choice.message) ? choice.message : {};
  const usage = isJsonObject(answer.usage) ? answer.usage : {};
  const refusal = typeof message.refusal === "string" && message.refusal !== "" ? message.refusal : undefined;
  const reason = isJsonObject(choice) && typeof choice.finish_reason === "string" ? choice.finish_reason : "";
  const [inputTokens, outputTokens] = [numberOf(usage.prompt_tokens), numberOf(usage.completion_tokens)];
  const usd = priceOf(price, inputTokens, outputTokens);
  return {
    text: refusal ?? textOf(message.content),
    finish: refusal === undefined ? (FINISHES[reason] ?? "other") : "refusal",
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(usd !== undefined && { usd }),
    ...(typeof answer.model === "string" && { model: answer.model }),
    ...(typeof answer.system_fingerprint === "string" && { fingerprint: answer.system_fingerprint }),
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
