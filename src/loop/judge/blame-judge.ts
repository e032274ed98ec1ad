import { randomBytes } from "node:crypto";
import type { BlameJudge } from "../../blame/climb-with-hooks.ts";
import { askJudge, type JudgeCall } from "../../evaluator/judge/ask-judge.ts";
import type { JudgeModel } from "../../evaluator/judge/judge-model.ts";
import { toScale } from "../../evaluator/judge/scale.ts";
import { truncate } from "../../evaluator/judge/truncate.ts";

export interface BlameJudgeOptions {
  model: JudgeModel;
  /** Room for the answer; one that was cut off gets twice as much. @default 1_000 */
  maxTokens?: number;
  /** Characters of the trace shown; long texts lose their middle. @default 24_000 */
  maxTraceChars?: number;
  /** Told of every call, for logs and bills. */
  onCall?: (call: JudgeCall) => void;
}

/**
 * Abduct, act, predict (A2P, arXiv 2509.10401), in one call over the shortlist: what went wrong, what would have been
 * right, and whether the run would then have succeeded.
 */
const CRITERION = `The run failed. Which of the numbered suspects is the decisive step: the earliest one whose correction would have made the run succeed?
For each suspect ask what made it act as it did, what the right action would have been, and whether the run would have succeeded had it been taken, everything later following from it. A step that only passes on or reports what an earlier one got wrong is not decisive.
The score is the decisive suspect's number, or "none" when no suspect is decisive or the record does not tell.`;

/**
 * A judge for `blame: { judge }` that asks a language model about the shortlist. The record is framed and escaped as for
 * `llmJudge`, and an answer without the check code counts as "cannot tell". How long all its calls may take is the loop's
 * `blame.timeoutMs`.
 */
export function blameJudge(options: BlameJudgeOptions): BlameJudge {
  const { model, maxTokens = 1000, maxTraceChars = 24_000, onCall } = options;
  return async (trace, shortlist, scores, signal) => {
    const spans = new Map(trace.spans.map((span) => [span.id, span]));
    const suspects = shortlist.map(({ spanId, name, kind, evidence }, i) => {
      const span = spans.get(spanId);
      return {
        number: i + 1,
        name,
        kind,
        inputs: span?.inputs ?? null,
        outputs: span?.outputs ?? null,
        error: span?.error ?? null,
        evidence: evidence.map(({ text }) => text),
      };
    });
    const record = {
      task: trace.root.inputs,
      answer: trace.root.outputs,
      scores: scores.map(({ key, score, comment }) => ({ key, score, comment: comment ?? null })),
      steps: trace.spans.slice(1, MAX_STEPS).map(({ name, kind, status }) => `${kind} ${name}: ${status}`),
      suspects,
    };
    const choices = Object.fromEntries([...suspects.map(({ number }) => [String(number), number]), ["none", 0]]);
    const question = { criterion: CRITERION, scale: toScale(choices), examples: [] };
    const { verdict } = await askJudge(model, question, truncate(record, maxTraceChars).value, {
      evaluator: "blame",
      maxTokens,
      asks: 3,
      signal,
      token: () => randomBytes(16).toString("hex"),
      now: Date.now,
      ...(onCall && { onCall }),
    });
    if (verdict.kind !== "verdict") return null;
    const chosen = shortlist[verdict.score - 1];
    return chosen ? { spanId: chosen.spanId, reason: verdict.reasoning } : null;
  };
}

// --- internal ---

/** Steps listed by name beside the suspects. */
const MAX_STEPS = 200;
