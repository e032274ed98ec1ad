/** One question to a model that must answer with a flat JSON object. */
export interface JudgeRequest {
  system: string;
  user: string;
  /** JSON Schema of the answer: one flat object, every field required, no others allowed. */
  schema: Record<string, unknown>;
  /** The answer is cut there; the judge asks again with twice as many when it was. */
  maxTokens: number;
  signal: AbortSignal;
}

/** Why the model stopped. */
export type JudgeFinish = "stop" | "length" | "refusal" | "other";

export interface JudgeAnswer {
  /** What should be the JSON object. */
  text: string;
  finish: JudgeFinish;
  inputTokens?: number;
  outputTokens?: number;
  /** US dollars, where the price is known. */
  usd?: number;
  /** The exact model that answered, as the provider names it. */
  model?: string;
  /** The provider's fingerprint of weights and settings, when it gives one. */
  fingerprint?: string;
  /** HTTP tries the answer took. */
  attempts?: number;
}

/**
 * A model that can judge. Built in: `openAiCompatible`, `anthropic`, `fromAiSdk`; anything else is one function.
 * It has no tools and reaches nothing but its provider.
 */
export interface JudgeModel {
  /** Names the model in scores and logs, for example `openai/gpt-5-mini`. */
  id: string;
  /** What a token costs; absent means unknown. */
  price?: ModelPrice;
  complete(request: JudgeRequest): Promise<JudgeAnswer>;
}

/** US dollars for a million tokens. */
export interface ModelPrice {
  input: number;
  output: number;
}

/** What a call cost, or `undefined` when the price or the usage is not known. */
export function priceOf(
  price: ModelPrice | undefined,
  inputTokens: number | undefined,
  outputTokens: number | undefined,
): number | undefined {
  if (!price || inputTokens === undefined || outputTokens === undefined) return undefined;
  return (inputTokens * price.input + outputTokens * price.output) / 1_000_000;
}
