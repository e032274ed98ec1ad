import type { Step } from "../execution-order.ts";
import { isSource } from "../symptom/span-nature.ts";

/** Where a step stands in the run, and what stands around it. */
export function placeFeatures(steps: readonly Step[]) {
  const count = steps.length;
  const depths: number[] = [];
  for (const { parent } of steps) depths.push(parent < 0 ? 0 : depths[parent]! + 1);
  const source = steps.map(({ span }, i) => (i > 0 && isSource(span) ? 1 : 0));
  const named = new Map<string, number>();
  const before = steps.map(({ span }) => {
    const times = named.get(span.name) ?? 0;
    named.set(span.name, times + 1);
    return times;
  });
  return {
    position: steps.map((_, i) => Math.log1p(i)),
    "position from end": steps.map((_, i) => Math.log1p(count - 1 - i)),
    "relative position": steps.map((_, i) => (count > 2 ? (i - 1) / (count - 2) : 0)),
    depth: depths.map(Math.log1p),
    leaf: steps.map(({ children }) => (children.length === 0 ? 1 : 0)),
    children: steps.map(({ children }) => Math.log1p(children.length)),
    "model call": steps.map(({ span }) => (span.kind === "llm" ? 1 : 0)),
    source,
    "previous is source": source.map((_, i) => source[i - 1] ?? 0),
    "next is source": source.map((_, i) => source[i + 1] ?? 0),
    "same name before": before.map(Math.log1p),
    "share of name": steps.map(({ span }) => named.get(span.name)! / count),
    "new name": before.map((times) => (times === 0 ? 1 : 0)),
  };
}
