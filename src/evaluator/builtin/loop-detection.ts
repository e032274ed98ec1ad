import { canonicalJson } from "../../internal/canonical-json.ts";
import type { LangSmithRun } from "../../wire/langsmith-run.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { subtree } from "../text/run-text.ts";
import { FREE, type BuiltinOptions } from "./builtin-options.ts";

export interface LoopDetectionOptions extends BuiltinOptions {
  /** The same call this many times is a loop. @default 3 */
  repeats?: number;
  /** The longest cycle of calls looked for. @default 4 */
  maxPeriod?: number;
  /** Which runs count as steps. @default tool, llm and retriever runs */
  steps?: readonly string[];
}

/**
 * 1, or 0 when the run goes in circles: the same steps (name and inputs) come `repeats` times in a row, alone or as a
 * cycle such as search, read, search, read, search, read. The score of a loop stands on the step that first repeats.
 * Model calls are compared by their newest message, because the conversation before it grows with every turn.
 */
export function loopDetection(options: LoopDetectionOptions = {}): Evaluator {
  const { key = "no_loop", on = "trace", repeats = 3, maxPeriod = 4, steps = ["tool", "llm", "retriever"] } = options;
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate({ run }) {
      const below = subtree(run).filter((candidate) => candidate !== run && steps.includes(candidate.run_type));
      const found = byKind(below)
        .map((sequence) => firstLoop(sequence, repeats, maxPeriod))
        .find((loop) => loop !== null);
      if (!found) return { score: 1 };
      const names = found.cycle.map((step) => step.name).join(", ");
      return {
        score: 0,
        spanId: found.again.id,
        comment: `${names} came ${found.times} times in a row with the same inputs`,
      };
    },
  });
}

interface Loop {
  cycle: LangSmithRun[];
  times: number;
  /** The first step of the second round. */
  again: LangSmithRun;
}

/** All steps in order, then each run type by itself: an agent that loops usually alternates model and tool calls. */
function byKind(steps: readonly LangSmithRun[]): LangSmithRun[][] {
  const ordered = [...steps].sort((a, b) => (a.start_time < b.start_time ? -1 : a.start_time > b.start_time ? 1 : 0));
  const kinds = [...new Set(ordered.map((step) => step.run_type))];
  return [ordered, ...kinds.map((kind) => ordered.filter((step) => step.run_type === kind))];
}

/** Linear in the steps for each period: counts how long each step equals the one a period before it. */
function firstLoop(steps: readonly LangSmithRun[], repeats: number, maxPeriod: number): Loop | null {
  const signatures = steps.map(signature);
  for (let period = 1; period <= maxPeriod; period++) {
    let equal = 0;
    for (let at = period; at < signatures.length; at++) {
      equal = signatures[at] === signatures[at - period] ? equal + 1 : 0;
      if (equal < period * (repeats - 1)) continue;
      const again = at - equal + 1;
      while (signatures[at + 1] !== undefined && signatures[at + 1] === signatures[at + 1 - period]) at++;
      const times = Math.floor((at - again + 1) / period) + 1;
      return { cycle: steps.slice(again - period, again), times, again: steps[again] as LangSmithRun };
    }
  }
  return null;
}

function signature(run: LangSmithRun): string {
  const messages: unknown = run.inputs.messages;
  const newest: unknown = run.run_type === "llm" && Array.isArray(messages) ? messages.flat().at(-1) : undefined;
  try {
    return `${run.run_type}|${run.name}|${canonicalJson(newest ?? run.inputs)}`;
  } catch {
    // Payloads too deep to write out are compared by identity: never equal, never a loop.
    return run.id;
  }
}
