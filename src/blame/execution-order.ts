import { childrenByParent } from "../model/trace.ts";
import type { Span, Trace } from "../model/trace.ts";

/** A span at its place in the run: spans finish in `steps` order from the leaves up and start from the root down. */
export interface Step {
  span: Span;
  /** Index of the parent step, -1 for the root. */
  parent: number;
  children: number[];
  /** Index of the last descendant (itself for a leaf). */
  last: number;
}

/**
 * The spans of a trace in execution order: depth first, siblings by start. The result does not depend on the order of
 * `trace.spans`, so attribution does not either. Linear but for the sort; a trace of any depth is safe (no recursion).
 * Spans in a parent cycle, unreachable from the root, are left out.
 */
export function executionOrder(trace: Trace): Step[] {
  const spans = [...trace.spans].sort(byStart);
  const children = childrenByParent({ ...trace, spans });
  const steps: Step[] = [];
  const stack: { span: Span; parent: number }[] = [{ span: trace.root, parent: -1 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const index = steps.length;
    const { span, parent } = next;
    steps.push({ span, parent, children: [], last: index });
    if (parent >= 0) steps[parent]!.children.push(index);
    const below = children.get(span.id) ?? [];
    for (let i = below.length - 1; i >= 0; i--) stack.push({ span: below[i]!, parent: index });
  }
  for (let i = steps.length - 1; i > 0; i--) {
    const parent = steps[steps[i]!.parent]!;
    parent.last = Math.max(parent.last, steps[i]!.last);
  }
  return steps;
}

function byStart(a: Span, b: Span): number {
  return a.startAt - b.startAt || compare(a.dottedOrder, b.dottedOrder) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
