import { isJsonObject } from "../../model/json.ts";
import { priceOf } from "./judge-model.ts";
import type { JudgeAnswer, JudgeFinish, JudgeModel } from "./judge-model.ts";
import { createProvider } from "./provider.ts";
import type { ProviderOptions } from "./provider.ts";

export interface AnthropicOptions extends ProviderOptions {
  /** @default "https://api.anthropic.com" */
  baseUrl?: string;
  /** `null` leaves it out. @default 0 */
  temperature?: number | null;
}

const TOOL = "verdict";
const FINISHES: Readonly<Record<string, JudgeFinish>> = {
  end_turn: "stop",
  tool_use: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  refusal: "refusal",
};

/** Anthropic's messages API. The verdict is asked for as the input of a tool the model must call, which fixes its form. */
export function anthropic(options: AnthropicOptions): JudgeModel {
  const { baseUrl = "https://api.anthropic.com", model, price, temperature = 0 } = options;
  const provider = createProvider(`${baseUrl.replace(/\/+$/, "")}/v1/messages`, options, (key) => ({
    "x-api-key": key,
    "anthropic-version": "2023-06-01",
  }));
  return {
    id: `anthropic/${model}`,
    ...(price && { price }),
    async complete({ system, user, schema, maxTokens, signal }) {
      const body = {
        model,
        system,
        messages: [{ role: "user", content: user }],
        max_tokens: maxTokens,
        ...(temperature !== null && { temperature }),
        tools: [{ name: TOOL, description: "Records your verdict.", input_schema: schema }],
        tool_choice: { type: "tool", name: TOOL },
      };
      const { answer, attempts } = await provider.call(body, signal);
      return { ...readAnswer(answer, price), attempts };
    },
  };
}

function readAnswer(answer: Record<string, unknown>, price: AnthropicOptions["price"]): JudgeAnswer {
  const blocks = (Array.isArray(answer.content) ? answer.content : []).filter((block) => isJsonObject(block));
  const verdict = blocks.find((block) => block.type === "tool_use" && block.name === TOOL);
  const said = blocks.flatMap((block) => (typeof block.text === "string" ? [block.text] : [])).join("\n");
  const usage = isJsonObject(answer.usage) ? answer.usage : {};
  // Cached input is counted apart and is input all the same.
  const inputTokens = sum(usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens);
  const outputTokens = sum(usage.output_tokens);
  const usd = priceOf(price, inputTokens, outputTokens);
  return {
    text: verdict ? JSON.stringify(verdict.input) : said,
    finish: FINISHES[String(answer.stop_reason)] ?? "other",
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(usd !== undefined && { usd }),
    ...(typeof answer.model === "string" && { model: answer.model }),
  };
}

function sum(...values: unknown[]): number | undefined {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length === 0 ? undefined : numbers.reduce((total, value) => total + value, 0);
}
