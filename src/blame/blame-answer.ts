import type { Evidence } from "../model/failure.ts";
import { quote } from "./blame-lineage.ts";
import type { Step } from "./execution-order.ts";
import { isSource } from "./symptom/span-nature.ts";
import type { Origin } from "./lineage.ts";

/**
 * Weak evidence for a trace that failed as a whole: who put the distinctive parts of the final answer into the world.
 * `answer` is the lineage of the root's outputs; `reason` ends the sentences.
 */
export function blameAnswer(steps: readonly Step[], answer: Origin, reason: string): Evidence[][] {
  const found = steps.map((): Evidence[] => []);
  for (const [from, fragments] of answer.byStep) {
    const share = fragments.length / answer.total;
    if (from === 0 || share < 0.15) continue;
    const parts = `${quote(steps, fragments)}, ${fragments.length} of ${answer.total} distinctive parts of the answer`;
    found[from]!.push(
      isSource(steps[from]!.span)
        ? { kind: "lineage", text: `supplied ${parts}; ${reason}`, weight: 0.3 * share }
        : {
            kind: "lineage",
            text: `introduced ${parts}, which no earlier span supplied; ${reason}`,
            weight: 0.5 * share,
          },
    );
  }
  return found;
}
