import { groupBy } from "../../internal/group-by.ts";
import type { Evidence } from "../../model/failure.ts";
import type { Step } from "../execution-order.ts";
import { payloadText } from "../fragment.ts";
import { wordsOf } from "../trace-words.ts";
import { isEmpty, isSource } from "./span-nature.ts";

/**
 * The same tool called with the same inputs three times or more. The first call is blamed: what came back from it is
 * what the caller would not take for an answer.
 */
export function repeatSymptoms(steps: readonly Step[]): (Evidence | null)[] {
  const found: (Evidence | null)[] = steps.map(() => null);
  const { inputPrints } = wordsOf(steps);
  for (const alike of groupBy(callSteps(steps), (i) => inputPrints[i]!).values()) {
    // Most calls differ in a few characters already; hashing whole payloads is what would cost.
    if (alike.length < MIN_REPEATS) continue;
    for (const same of groupBy(alike, (i) => `${steps[i]!.span.name} ${payloadText(steps[i]!.span.inputs)}`).values()) {
      if (same.length < MIN_REPEATS) continue;
      const text = `called ${same.length} times with the same inputs`;
      found[same[0]!] = { kind: "structure", text, weight: Math.min(0.6, 0.2 + 0.1 * same.length) };
    }
  }
  return found;
}

// --- internal ---

const MIN_REPEATS = 3;

function callSteps(steps: readonly Step[]): number[] {
  return [...steps.keys()].filter((i) => isSource(steps[i]!.span) && !isEmpty(steps[i]!.span.inputs));
}
