import { LoopsmithError } from "../../model/errors.ts";
import type { JudgeAnswer, JudgeModel } from "./judge-model.ts";
import { judgePrompt } from "./judge-prompt.ts";
import type { JudgeQuestion } from "./judge-prompt.ts";
import { readVerdict } from "./read-verdict.ts";
import type { JudgeVerdict } from "./read-verdict.ts";

/** One call to a model, for logs and bills. Carries no text of the trace. */
export interface JudgeCall {
  evaluator: string;
  /** The model asked, and the one that answered where the provider names it. */
  model: string;
  answeredBy?: string;
  fingerprint?: string;
  inputTokens?: number;
  outputTokens?: number;
  usd?: number;
  latencyMs: number;
  /** HTTP tries. */
  attempts: number;
  outcome: JudgeVerdict["kind"];
}

export interface AskOptions {
  evaluator: string;
  maxTokens: number;
  /** Questions asked until one is answered properly. */
  asks: number;
  signal: AbortSignal;
  /** Unguessable text for nonces and check codes. */
  token: () => string;
  now: () => number;
  onCall?: (call: JudgeCall) => void;
}

export interface JudgeReply {
  verdict: Extract<JudgeVerdict, { kind: "verdict" | "unchecked" }>;
  calls: JudgeCall[];
}

/**
 * Asks until the answer is a verdict, each time with a new nonce and check code; an answer that was cut off gets twice
 * the room. An answer without the check code is reported as such when asking again does not help.
 *
 * @throws LoopsmithError `evaluator_failed` when no ask gave a verdict; errors of the provider pass through
 */
export async function askJudge(
  model: JudgeModel,
  question: JudgeQuestion,
  data: unknown,
  options: AskOptions,
): Promise<JudgeReply> {
  const calls: JudgeCall[] = [];
  let { maxTokens } = options;
  let last: JudgeVerdict = { kind: "malformed", why: "never asked" };
  for (let ask = 0; ask < options.asks; ask++) {
    const check = options.token();
    const prompt = judgePrompt(question, data, unusedNonce(data, options.token), check);
    const startedAt = options.now();
    const answer = await model.complete({ ...prompt, maxTokens, signal: options.signal });
    last = readVerdict(answer, question.scale, check);
    const call = describeCall(model, answer, last, options, startedAt);
    calls.push(call);
    options.onCall?.(call);
    if (last.kind === "verdict") return { verdict: last, calls };
    if (last.kind === "cut off") maxTokens *= 2;
  }
  if (last.kind === "unchecked") return { verdict: last, calls };
  throw noVerdict(options.evaluator, last, model.id);
}

/** A nonce that the record does not contain, however unlikely that is. */
function unusedNonce(data: unknown, token: () => string): string {
  const text = JSON.stringify(data) ?? "";
  let nonce = token();
  while (text.includes(nonce)) nonce = token();
  return nonce;
}

function describeCall(
  model: JudgeModel,
  answer: JudgeAnswer,
  verdict: JudgeVerdict,
  options: AskOptions,
  startedAt: number,
): JudgeCall {
  const { inputTokens, outputTokens, usd, fingerprint, attempts = 1 } = answer;
  return {
    evaluator: options.evaluator,
    model: model.id,
    ...(answer.model !== undefined && { answeredBy: answer.model }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(usd !== undefined && { usd }),
    latencyMs: options.now() - startedAt,
    attempts,
    outcome: verdict.kind,
  };
}

function noVerdict(evaluator: string, verdict: JudgeVerdict, model: string): LoopsmithError {
  const [what, hint] = {
    "cut off": ["its answer was cut off", "Raise maxTokens."],
    refused: [
      `it refuses to judge this: ${"said" in verdict ? verdict.said : ""}`,
      "Use another model for such traces, or send them to a person.",
    ],
    malformed: [
      `it gave no verdict: ${"why" in verdict ? verdict.why : ""}`,
      "Use a model with structured output, or a simpler scale.",
    ],
  }[verdict.kind as "cut off" | "refused" | "malformed"] as [string, string];
  return new LoopsmithError("evaluator_failed", `Judge ${model} of evaluator "${evaluator}" failed: ${what}`, {
    hint,
    details: { evaluator, reason: "rubbish", retryable: false, judge: verdict.kind },
  });
}
