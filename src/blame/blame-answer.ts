import type { Evidence } from "../model/failure.ts";
import { quote } from "./blame-lineage.ts";
import type { Step } from "./execution-order.ts";
import { isSource } from "./find-symptoms.ts";
import { eachFragment, fragmentsOf, payloadText } from "./fragment.ts";
import type { Origin } from "./lineage.ts";

/** Share of the query's words below which a retrieval counts as off topic. */
const ON_TOPIC = 0.34;

/**
 * Weak evidence for a trace that failed as a whole, by step: who put the distinctive parts of the final answer into the
 * world (`answer`: the lineage of the root's outputs), and which retrievals brought back nothing about what was asked.
 * `reason` ends the sentences.
 */
export function blameAnswer(steps: readonly Step[], answer: Origin, reason: string): Evidence[][] {
  const found = steps.map((step, i) => (i === 0 ? [] : offTopic(steps, step)));
  for (const [from, fragments] of answer.byStep) {
    const share = fragments.length / answer.total;
    if (from === 0 || share < 0.15) continue;
    const parts = `${quote(fragments)}, ${fragments.length} of ${answer.total} distinctive parts of the answer`;
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

// --- internal ---

function offTopic(steps: readonly Step[], { span }: Step): Evidence[] {
  if (span.kind !== "retriever" || span.outputs === null) return [];
  const own = fragmentsOf(payloadText(span.inputs), 60);
  const query = own.size > 0 ? own : fragmentsOf(payloadText(steps[0]!.span.inputs), 60);
  const held = new Set<number>();
  let size = 0;
  eachFragment(payloadText(span.outputs), (hash) => {
    size++;
    if (query.has(hash)) held.add(hash);
  });
  if (query.size < 2 || size === 0) return [];
  const matched = held.size;
  const overlap = matched / query.size;
  if (overlap >= ON_TOPIC) return [];
  const text = `only ${matched} of ${query.size} distinctive words of the query occur in what was retrieved`;
  return [{ kind: "structure", text, weight: 0.6 - 0.5 * (overlap / ON_TOPIC) }];
}
