import type { Evidence } from "../../model/failure.ts";
import type { Step } from "../execution-order.ts";
import { payloadText } from "../fragment.ts";
import { isEmpty, isSource } from "./span-nature.ts";

/**
 * The same tool called with the same inputs three times or more. The first call is blamed: what came back from it is
 * what the caller would not take for an answer.
 */
export function repeatSymptoms(steps: readonly Step[]): (Evidence | null)[] {
  const calls = new Map<string, Map<string, number[]>>();
  for (const [i, { span }] of steps.entries()) {
    if (!isSource(span) || isEmpty(span.inputs)) continue;
    const byInputs = calls.get(span.name) ?? new Map<string, number[]>();
    calls.set(span.name, byInputs);
    const inputs = payloadText(span.inputs);
    const same = byInputs.get(inputs);
    if (same) same.push(i);
    else byInputs.set(inputs, [i]);
  }
  const found: (Evidence | null)[] = steps.map(() => null);
  for (const same of [...calls.values()].flatMap((byInputs) => [...byInputs.values()])) {
    if (same.length < 3) continue;
    const text = `called ${same.length} times with the same inputs`;
    found[same[0]!] = { kind: "structure", text, weight: Math.min(0.6, 0.2 + 0.1 * same.length) };
  }
  return found;
}
