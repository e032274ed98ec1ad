import type { Span, SpanScore } from "../model/trace.ts";
import { FREE } from "./builtin/builtin-options.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import type { Evaluator } from "./evaluator.ts";

export interface HumanEvaluatorOptions {
  /** The feedback key reviewers fill in, in an annotation queue or in your own app. */
  key: string;
  /** @default the key */
  name?: string;
  /** @default "1" */
  version?: string;
  /** @default "trace" */
  on?: Evaluator["on"];
  /** Which feedback counts when several people gave one: the newest, their mean, or the harshest. @default "latest" */
  combine?: "latest" | "mean" | "min";
  /** Numbers for feedback that carries a category instead of a score, as in `{ good: 1, bad: 0 }`. */
  labels?: Readonly<Record<string, number>>;
  /** Look for the feedback on every span of the trace, since reviewers may have been shown a child. @default true on "trace" */
  anywhere?: boolean;
}

/**
 * Takes the score people gave: feedback with `key` that stands on the span when the trace is judged. Until somebody has
 * given one the score is `null`, so the trace neither passes nor fails by it; feedback that comes later makes a new
 * revision, which is judged again: at once where the loop and the feedback share a store (`loopsmith serve`, an embedded
 * server), within a minute or two over LangSmith, which shows the mean of a key only.
 */
export function humanEvaluator(options: HumanEvaluatorOptions): Evaluator {
  const { key, name = key, version = "1", on = "trace", combine = "latest", labels = {} } = options;
  const anywhere = options.anywhere ?? on === "trace";
  return defineEvaluator({
    name,
    version,
    on,
    cost: FREE,
    feedbackKeys: [key],
    evaluate(_args, { trace, span }) {
      const spans = anywhere ? trace.spans : [span];
      const given = spans.flatMap((candidate) => givenOn(candidate, key, labels));
      const counted = combine === "latest" ? given.slice(-1) : given;
      const [worst] = [...counted].sort((a, b) => a.score - b.score);
      if (!worst) return { key, score: null, comment: `no feedback "${key}" yet` };
      const mean = counted.reduce((sum, item) => sum + item.score, 0) / counted.length;
      return {
        key,
        score: combine === "mean" ? mean : worst.score,
        spanId: worst.spanId,
        ...(worst.comment !== undefined && { comment: worst.comment }),
      };
    },
  });
}

interface Given {
  score: number;
  spanId: string;
  comment?: string;
}

function givenOn(span: Span, key: string, labels: Readonly<Record<string, number>>): Given[] {
  return span.scores.flatMap((feedback) => {
    const score = feedback.key === key && !feedback.byModel ? numberOf(feedback, labels) : undefined;
    if (score === undefined) return [];
    return [{ score, spanId: span.id, ...(feedback.comment !== undefined && { comment: feedback.comment }) }];
  });
}

function numberOf({ score, value }: SpanScore, labels: Readonly<Record<string, number>>): number | undefined {
  if (score !== null) return score;
  return typeof value === "string" && Object.hasOwn(labels, value) ? labels[value] : undefined;
}
