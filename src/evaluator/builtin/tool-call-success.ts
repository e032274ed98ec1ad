import { isJsonObject } from "../../model/json.ts";
import type { LangSmithRun } from "../../wire/langsmith-run.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { subtree } from "../text/run-text.ts";
import { textOf } from "../text/text-of.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";

export interface ToolCallSuccessOptions extends BuiltinOptions {
  /** Whether a finished tool run failed all the same. @default its output says so (see `toolCallSuccess`) */
  failed?: (run: LangSmithRun) => boolean;
}

/**
 * The share of tool runs in the trace that succeeded. A tool run failed when it ended in an error, or when its output
 * says so as tools do that report errors to the model: a field `error`, `is_error` or `status: "error"`, or text that
 * opens with `Error`. The score stands on the trace; the comment names the first failure. `null` without tool runs.
 */
export function toolCallSuccess(options: ToolCallSuccessOptions = {}): Evaluator {
  const { key = "tool_call_success", on = "trace", failed = saysError } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }) {
      const calls = subtree(run).filter((candidate) => candidate.run_type === "tool");
      if (calls.length === 0) return { score: null, comment: "no tool runs" };
      const failures = calls.filter((call) => call.status === "error" || call.error !== undefined || failed(call));
      const [first] = failures;
      return {
        score: 1 - failures.length / calls.length,
        comment: first
          ? `${failures.length} of ${calls.length} tool runs failed, first ${first.name}: ${(first.error ?? textOf(first.outputs)).slice(0, 160)}`
          : `all ${calls.length} tool runs succeeded`,
      };
    },
  });
}

const OPENS_WITH_ERROR = /^\s*(?:error\b|exception\b|traceback \(most recent call last\)|\w*(?:Error|Exception):)/i;

function saysError(run: LangSmithRun): boolean {
  const outputs: unknown = run.outputs;
  if (!isJsonObject(outputs)) return false;
  const bodies = [outputs, outputs.output, outputs.outputs, outputs.result].filter((body) => isJsonObject(body));
  if (
    bodies.some(
      (body) => isSet(body.error) || body.is_error === true || body.isError === true || body.status === "error",
    )
  )
    return true;
  return OPENS_WITH_ERROR.test(textOf(outputs).slice(0, 200));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== "";
}
