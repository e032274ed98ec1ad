import { describeValue } from "../../internal/describe-value.ts";
import { LoopsmithError } from "../../model/errors.ts";

/** What a judge may answer: a number within bounds, yes or no, or one of several labels with the score each stands for. */
export type JudgeScale =
  | { type: "number"; min: number; max: number }
  | { type: "boolean" }
  | { type: "choice"; choices: Readonly<Record<string, number>> };

/** Short forms: `"boolean"`, `[0, 1]`, `{ poor: 0, fair: 0.5, good: 1 }`. */
export type JudgeScaleLike = "boolean" | readonly [number, number] | Readonly<Record<string, number>>;

/** @throws LoopsmithError `invalid` */
export function toScale(like: JudgeScaleLike): JudgeScale {
  if (like === "boolean") return { type: "boolean" };
  if (isRange(like)) {
    const [min, max] = like;
    if (min < max) return { type: "number", min, max };
  } else if (typeof like === "object" && Object.keys(like).length > 1 && Object.values(like).every(Number.isFinite)) {
    return { type: "choice", choices: like };
  }
  throw new LoopsmithError("invalid", `Not a scale: ${describeValue(like)}.`, {
    hint: 'Use "boolean", [min, max], or at least two labels with their scores, as in { bad: 0, good: 1 }.',
  });
}

/** Told to the model. */
export function describeScale(scale: JudgeScale): string {
  if (scale.type === "boolean") return "true when the criterion is met, false when it is not";
  if (scale.type === "number") return `a number from ${scale.min} (worst) to ${scale.max} (best)`;
  return `one of ${Object.keys(scale.choices)
    .map((label) => JSON.stringify(label))
    .join(", ")}`;
}

export function scaleSchema(scale: JudgeScale): Record<string, unknown> {
  if (scale.type === "boolean") return { type: "boolean" };
  // Bounds are checked here and not in the schema: several providers refuse schemas with `minimum`.
  if (scale.type === "number") return { type: "number" };
  return { type: "string", enum: Object.keys(scale.choices) };
}

/** The number an answer stands for, or `undefined` when it is not on the scale. */
export function scoreOf(scale: JudgeScale, answer: unknown): number | undefined {
  if (scale.type === "boolean") return typeof answer === "boolean" ? Number(answer) : undefined;
  if (scale.type === "choice")
    return typeof answer === "string" && Object.hasOwn(scale.choices, answer) ? scale.choices[answer] : undefined;
  return typeof answer === "number" && answer >= scale.min && answer <= scale.max ? answer : undefined;
}

/** Lowest and highest score the scale can give. */
export function scaleRange(scale: JudgeScale): readonly [number, number] {
  if (scale.type === "number") return [scale.min, scale.max];
  const scores = scale.type === "boolean" ? [0, 1] : Object.values(scale.choices);
  return [Math.min(...scores), Math.max(...scores)];
}

function isRange(like: JudgeScaleLike): like is readonly [number, number] {
  return Array.isArray(like) && like.length === 2;
}
