import type { Step } from "../execution-order.ts";
import { isSource } from "../symptom/span-nature.ts";

/** Where a step stands in the run, and what stands around it. */
export function placeFeatures(steps: readonly Step[]) {
  const count = steps.length;
  const depths = new Int32Array(count);
  const sources = new Uint8Array(count);
  const before = new Int32Array(count);
  const named = new Map<string, number>();
  for (const [i, { span, parent }] of steps.entries()) {
    depths[i] = parent < 0 ? 0 : depths[parent]! + 1;
    sources[i] = i > 0 && isSource(span) ? 1 : 0;
    before[i] = named.get(span.name) ?? 0;
    named.set(span.name, before[i] + 1);
  }
  return {
    position: (i: number) => Math.log1p(i),
    "position from end": (i: number) => Math.log1p(count - 1 - i),
    "relative position": (i: number) => (count > 2 ? (i - 1) / (count - 2) : 0),
    depth: (i: number) => Math.log1p(depths[i]!),
    leaf: (i: number) => (steps[i]!.children.length === 0 ? 1 : 0),
    children: (i: number) => Math.log1p(steps[i]!.children.length),
    "model call": (i: number) => (steps[i]!.span.kind === "llm" ? 1 : 0),
    source: (i: number) => sources[i]!,
    "previous is source": (i: number) => sources[i - 1]!,
    "next is source": (i: number) => sources[i + 1] ?? 0,
    "same name before": (i: number) => Math.log1p(before[i]!),
    "share of name": (i: number) => named.get(steps[i]!.span.name)! / count,
    "new name": (i: number) => (before[i] === 0 ? 1 : 0),
  };
}
