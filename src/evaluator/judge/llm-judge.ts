import { createHash, randomBytes } from "node:crypto";
import type { EvaluatorResult, EvaluatorReturn } from "../../wire/evaluator-result.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import { remembering, type CacheOption } from "../evaluation-cache.ts";
import type { Evaluator, EvaluatorInput } from "../evaluator.ts";
import { readInputs } from "../input-mapping.ts";
import type { InputMapping } from "../input-mapping.ts";
import { present } from "../from-openevals.ts";
import { answerText, documentTexts, questionText, subtree } from "../text/run-text.ts";
import { everyText } from "../text/text-of.ts";
import { askJudge } from "./ask-judge.ts";
import type { JudgeCall, JudgeReply } from "./ask-judge.ts";
import { detectInjection } from "./injection-detector.ts";
import { priceOf } from "./judge-model.ts";
import type { JudgeModel } from "./judge-model.ts";
import type { JudgeExample } from "./judge-prompt.ts";
import { scaleRange, toScale } from "./scale.ts";
import type { JudgeScaleLike } from "./scale.ts";
import { truncate } from "./truncate.ts";
import { countVotes } from "./vote.ts";
import type { Vote } from "./vote.ts";

export interface LlmJudgeOptions {
  /** The feedback key. */
  name: string;
  model: JudgeModel;
  /** What to judge by, in your words; `CRITERIA` has ready ones. */
  criterion: string;
  /** `"boolean"`, `[min, max]`, or labels with their scores. @default [0, 1] */
  scale?: JudgeScaleLike;
  /** What of the trace the model sees. @default input, output, error and retrieved documents, each where present */
  inputs?: InputMapping;
  /** Judged examples to go by. */
  examples?: readonly JudgeExample[];
  /** Independent answers per trace; the outcome is their majority or median. @default 1 */
  repeats?: number;
  /** Asks per answer until it is well-formed. @default 3 */
  asks?: number;
  /** @default 1_000 */
  maxTokens?: number;
  /** Longer records lose the middle of their longest texts; the score says so. @default 24_000 */
  maxTraceChars?: number;
  /** @default "1" */
  version?: string;
  /** @default "trace" */
  on?: Evaluator["on"];
  /** For all repeats together. @default 120_000 */
  timeoutMs?: number;
  /**
   * Remembers answers about the same record, which cost nothing then. One that did not carry its check code is asked for
   * again. See `cache` of `defineEvaluator`. @default false
   */
  cache?: CacheOption;
  /** Told about every call to the model. */
  onCall?: (call: JudgeCall) => void;
  /** Unguessable text for nonces and check codes. @default 16 random bytes in hex */
  token?: () => string;
  /** Epoch ms. @default Date.now */
  now?: () => number;
}

const DEFAULT_INPUTS: InputMapping = {
  input: (run) => questionText(run) || undefined,
  output: (run) => answerText(run) || undefined,
  error: "error",
  documents: (run) => {
    const documents = subtree(run).flatMap((part) => (part.run_type === "retriever" ? documentTexts(part) : []));
    return documents.length > 0 ? documents : undefined;
  },
};

/**
 * An evaluator that asks a language model. Its score carries, as `value`, how it came about: model, prompt hash, votes,
 * agreement, characters left out. When the record seems to steer its judge (by the lexical detector, in the model's own
 * opinion, or because the check code did not come back) a second score `<name>.no_injection` of 0 is recorded for a
 * person to look at; without the check code the score itself is `null`, because it cannot be trusted.
 */
export function llmJudge(options: LlmJudgeOptions): Evaluator {
  const { name, model, criterion, repeats = 1, asks = 3, maxTokens = 1000, maxTraceChars = 24_000 } = options;
  const { inputs = DEFAULT_INPUTS, version = "1", on = "trace", timeoutMs = 120_000, now = Date.now } = options;
  const { token = () => randomBytes(16).toString("hex"), onCall } = options;
  const remember = remembering(options.cache);
  const scale = toScale(options.scale ?? [0, 1]);
  const question = { criterion, scale, examples: options.examples ?? [] };
  const promptHash = createHash("sha256")
    .update(JSON.stringify([question, model.id, maxTokens]))
    .digest("hex")
    .slice(0, 16);
  const tokensPerAsk = Math.ceil((maxTraceChars + JSON.stringify(question).length + 2000) / 3) + maxTokens;
  const usd = priceOf(model.price, tokensPerAsk - maxTokens, maxTokens);

  async function judge(record: Record<string, unknown>, input: EvaluatorInput): Promise<EvaluatorReturn> {
    const { value: data, leftOut } = truncate(record, maxTraceChars);
    const ask = (): Promise<JudgeReply> =>
      askJudge(model, question, data, {
        evaluator: name,
        maxTokens,
        asks,
        signal: input.signal,
        token,
        now,
        ...(onCall && { onCall }),
      });
    const replies = await settled(Array.from({ length: repeats }, ask));
    const votes = replies.flatMap(({ verdict }): Vote[] => (verdict.kind === "verdict" ? [verdict] : []));
    const calls = replies.flatMap((reply) => reply.calls);
    const signals = suspicions(record, votes, replies.length);
    const shared = {
      cost: costOf(calls),
      value: { model: model.id, promptHash, ...(leftOut > 0 && { charactersLeftOut: leftOut }) },
    };
    return [
      {
        ...outcome(votes, replies.length, scale.type === "number", scaleRange(scale), shared.value),
        cost: shared.cost,
      },
      ...(signals.length === 0
        ? []
        : [
            {
              key: `${name}.no_injection`,
              score: 0,
              comment: `suspected injection: ${signals.join(", ")}`,
              value: { signals },
            },
          ]),
    ];
  }

  return defineEvaluator({
    name,
    version,
    on,
    timeoutMs,
    cost: { tokens: tokensPerAsk * repeats * asks, ...(usd !== undefined && { usd: usd * repeats * asks }) },
    async evaluate(_args, input: EvaluatorInput) {
      const record = present(readInputs(inputs, Object.keys(inputs), input).values);
      if (Object.keys(record).length === 0) return { score: null, comment: "nothing of the trace to judge" };
      const asked = { name, version, inputs: [promptHash, repeats, maxTraceChars, record], input };
      return remember(asked, () => judge(record, input), isTrusted);
    },
  });
}

/** `null` is what stands for an answer without its check code. */
function isTrusted(result: EvaluatorReturn): boolean {
  return !Array.isArray(result) || (result as readonly EvaluatorResult[])[0]?.score !== null;
}

function outcome(
  votes: readonly Vote[],
  asked: number,
  numeric: boolean,
  range: readonly [number, number],
  value: Record<string, unknown>,
): EvaluatorResult {
  // Half of the answers or more without the check code: whoever wrote them, it was not the judge alone.
  if (votes.length * 2 <= asked) {
    return { score: null, comment: "not trusted: the answer did not carry the check code", value };
  }
  const { score, label, reasoning, agreement } = countVotes(votes, numeric, range);
  return {
    score,
    comment: reasoning,
    value: {
      ...value,
      agreement,
      ...(label !== undefined && { label }),
      ...(asked > 1 && { votes: votes.map((vote) => vote.label ?? vote.score) }),
    },
  };
}

/** All replies, or those that came when more than half did; a few failed repeats do not cost the others. */
async function settled(asked: readonly Promise<JudgeReply>[]): Promise<JudgeReply[]> {
  const results = await Promise.allSettled(asked);
  const replies = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed && replies.length * 2 <= asked.length) throw failed.reason;
  return replies;
}

function suspicions(record: unknown, votes: readonly Vote[], replies: number): string[] {
  const { signals } = detectInjection(everyText(record).join("\n"));
  if (votes.some((vote) => vote.injection)) signals.push("the judge says so");
  if (votes.length < replies) signals.push("the check code did not come back");
  return signals;
}

function costOf(calls: readonly JudgeCall[]): { tokens?: number; usd?: number } {
  const tokens = calls.reduce((sum, call) => sum + (call.inputTokens ?? 0) + (call.outputTokens ?? 0), 0);
  const usd = calls.reduce((sum, call) => sum + (call.usd ?? 0), 0);
  return { ...(tokens > 0 && { tokens }), ...(usd > 0 && { usd }) };
}
