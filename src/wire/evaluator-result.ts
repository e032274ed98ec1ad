import type { EvaluationResult } from "langsmith/evaluation";
import { describeValue } from "../internal/describe-value.ts";
import { LoopsmithError } from "../model/errors.ts";
import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Score } from "../model/score.ts";
import { MAX_KEY_LENGTH } from "./max-key-length.ts";

/** One result as LangSmith's evaluators return it; a missing `key` becomes the evaluator's name. */
export interface EvaluatorResult extends Partial<EvaluationResult> {
  /** Loopsmith's own word for `targetRunId`. */
  spanId?: string;
  /** What the call cost, to be shown and to be charged to a budget. */
  cost?: { tokens?: number; usd?: number };
}

/** Everything an evaluator may return. `score: null` means "not applicable" and never fails a trace. */
export type EvaluatorReturn =
  | EvaluatorResult
  | readonly EvaluatorResult[]
  | { results: readonly EvaluatorResult[] }
  | number
  | boolean;

export interface ToScoresOptions {
  /** Name and version of the evaluator; the name is the key of results that carry none. */
  evaluator: string;
  version: string;
  /** The span judged: where results go that name none. */
  spanId: string;
  /** Ids of the spans a result may name. @default any */
  spanIds?: ReadonlySet<string>;
  /** Inclusive bounds of a numeric score. @default any finite number */
  range?: readonly [number, number];
}

/**
 * Normalises what an evaluator returned. Booleans become 1 and 0, numbers stay as they are.
 *
 * @throws LoopsmithError `evaluator_failed` for anything that is not a score; the message repeats the value, its type and
 * how to return it instead.
 */
export function toScores(result: unknown, options: ToScoresOptions): Score[] {
  if (typeof result === "number" || typeof result === "boolean") return [toScore({ score: result }, options)];
  if (Array.isArray(result)) return result.map((item) => toScore(item, options));
  if (isJsonObject(result) && Array.isArray(result.results))
    return result.results.map((item) => toScore(item, options));
  return [toScore(result, options)];
}

function toScore(result: unknown, options: ToScoresOptions): Score {
  if (typeof result === "number" || typeof result === "boolean") return toScore({ score: result }, options);
  if (typeof result === "string") {
    throw rubbish(options, result, "return { value: label, score: number } for a label, or the parsed number itself");
  }
  if (!isJsonObject(result)) {
    throw rubbish(
      options,
      result,
      "return a number, a boolean or { key, score }; { score: null } when it does not apply",
    );
  }
  const fields: Record<string, unknown> = result;
  if (fields.score === undefined && fields.value === undefined && fields.comment === undefined) {
    throw rubbish(options, result, "return an object with `score` (a number, a boolean or null), `value` or `comment`");
  }
  const sourceRunId = fields.sourceRunId ?? fields.source_run_id;
  return {
    key: keyOf(fields.key, options),
    score: numberOf(fields.score, options),
    ...(fields.value !== undefined && fields.value !== null && { value: fields.value as Json }),
    ...(typeof fields.comment === "string" && fields.comment !== "" && { comment: fields.comment }),
    spanId: spanOf(fields.targetRunId ?? fields.target_run_id ?? fields.spanId, options),
    evaluator: options.evaluator,
    evaluatorVersion: options.version,
    ...(typeof sourceRunId === "string" && sourceRunId !== "" && { sourceRunId }),
    ...costOf(fields.cost),
  };
}

function keyOf(key: unknown, options: ToScoresOptions): string {
  if (key === undefined || key === null || key === "") return options.evaluator;
  if (typeof key === "string" && key.length <= MAX_KEY_LENGTH) return key;
  throw rubbish(
    options,
    key,
    `return a \`key\` that is a string of at most ${MAX_KEY_LENGTH} characters`,
    "as the key",
  );
}

function numberOf(score: unknown, options: ToScoresOptions): number | null {
  if (score === undefined || score === null) return null;
  const number = typeof score === "boolean" ? Number(score) : score;
  if (typeof number !== "number" || !Number.isFinite(number)) {
    throw rubbish(options, score, "return a finite number, a boolean, or null when it does not apply", "as the score");
  }
  const [low, high] = options.range ?? [-Infinity, Infinity];
  if (number >= low && number <= high) return number;
  throw rubbish(
    options,
    score,
    `return a score from ${low} to ${high}, or widen the evaluator's \`range\``,
    "as the score",
  );
}

function spanOf(target: unknown, options: ToScoresOptions): string {
  if (target === undefined || target === null || target === "") return options.spanId;
  if (typeof target === "string" && options.spanIds?.has(target) !== false) return target;
  throw rubbish(
    options,
    target,
    "set `targetRunId` to the id of a run of the trace that was judged",
    "as the target run",
  );
}

function costOf(cost: unknown): Pick<Score, "cost"> {
  if (!isJsonObject(cost)) return {};
  const { tokens, usd } = cost;
  return { cost: { ...(typeof tokens === "number" && { tokens }), ...(typeof usd === "number" && { usd }) } };
}

function rubbish(options: ToScoresOptions, value: unknown, fix: string, where = ""): LoopsmithError {
  const what = `Evaluator "${options.evaluator}" returned ${describeValue(value)}${where && ` ${where}`}`;
  return new LoopsmithError("evaluator_failed", `${what}: ${fix}.`, {
    hint: `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.`,
    details: { evaluator: options.evaluator, reason: "rubbish", retryable: false },
  });
}
