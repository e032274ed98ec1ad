import type { Score } from "../model/score.ts";
import type { Trace } from "../model/trace.ts";
import { toScores } from "../wire/evaluator-result.ts";
import type { EvaluatorReturn } from "../wire/evaluator-result.ts";
import type { LangSmithRun } from "../wire/langsmith-run.ts";
import { toRun } from "../wire/to-run.ts";
import type { Evaluator, EvaluatorTarget } from "./evaluator.ts";
import { runEvaluator } from "./run-evaluator.ts";
import type { RunEvaluatorOptions } from "./run-evaluator.ts";
import { answerText, questionText } from "./text/run-text.ts";

/** One turn of a conversation, as text. */
export interface ConversationTurn {
  user: string;
  assistant: string;
  run: LangSmithRun;
}

export interface ConversationInput {
  threadId: string;
  /** The thread's traces, oldest first. */
  traces: readonly Trace[];
  /** Their roots as LangSmith runs, in the same order. */
  runs: readonly LangSmithRun[];
  turns: readonly ConversationTurn[];
  /** The signed mark for what you trace yourself while judging, as evaluators of traces get it. */
  lineage?: string;
  signal: AbortSignal;
}

export interface ConversationDefinition extends Pick<Evaluator, "timeoutMs" | "cost" | "range" | "provider"> {
  name: string;
  /** @default "1" */
  version?: string;
  /** A thread is judged once nothing was added to it for this long. @default 900_000 (15 minutes) */
  idleMs?: number;
  /** The newest traces looked at. @default 100 */
  maxTraces?: number;
  evaluate(input: ConversationInput): EvaluatorReturn | Promise<EvaluatorReturn>;
}

/** Judges a whole thread after it went idle; its scores stand on the root of the last trace unless they name another run. */
export interface ConversationEvaluator extends Required<
  Omit<ConversationDefinition, "timeoutMs" | "cost" | "range" | "provider">
> {
  kind: "conversation";
  timeoutMs?: number;
  cost?: ConversationDefinition["cost"];
  range?: ConversationDefinition["range"];
  provider?: string;
}

/** Declares an evaluator of conversations: traces that share `session_id`, `thread_id` or `conversation_id`. */
export function defineConversationEvaluator(definition: ConversationDefinition): ConversationEvaluator {
  const { version = "1", idleMs = 900_000, maxTraces = 100 } = definition;
  return { ...definition, kind: "conversation", version, idleMs, maxTraces };
}

/**
 * Epoch ms from which a thread counts as idle, or `null` while one of its traces still runs.
 * @param maxOpenMs a trace that is open for longer counts as ended then. Default: never
 */
export function idleFrom(traces: readonly Trace[], idleMs: number, maxOpenMs = Infinity): number | null {
  const idleAt = Math.max(...traces.map(({ root }) => root.endAt ?? root.startAt + maxOpenMs)) + idleMs;
  return idleAt === Infinity ? null : idleAt;
}

/**
 * Runs a conversation evaluator over a thread's traces, in any order, with `runEvaluator`'s guarantees.
 * Without traces there is nothing to score.
 */
export async function runConversationEvaluator(
  evaluator: ConversationEvaluator,
  threadId: string,
  traces: readonly Trace[],
  options: RunEvaluatorOptions & Pick<EvaluatorTarget, "lineage"> = {},
): Promise<Score[]> {
  const ordered = [...traces].sort((a, b) => a.root.startAt - b.root.startAt).slice(-evaluator.maxTraces);
  const last = ordered.at(-1);
  if (!last) return [];
  const runs = ordered.map(toRun);
  const run = runs.at(-1) as LangSmithRun;
  const turns = runs.map((turn) => ({ user: questionText(turn), assistant: answerText(turn), run: turn }));
  const { name, version, timeoutMs, range } = evaluator;
  const { lineage } = options;
  // The whole thread counts as one trace here, so that results may name any run of it.
  const thread: Trace = { ...last, spans: ordered.flatMap((trace) => trace.spans) };
  const asEvaluator: Evaluator = {
    name,
    version,
    on: "trace",
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(range && { range }),
    async evaluate({ signal }) {
      const mark = lineage === undefined ? {} : { lineage };
      const result = await evaluator.evaluate({ threadId, traces: ordered, runs, turns, ...mark, signal });
      return toScores(result, { evaluator: name, version, spanId: last.root.id });
    },
  };
  return runEvaluator(asEvaluator, { trace: thread, span: last.root, run, root: run }, options);
}
