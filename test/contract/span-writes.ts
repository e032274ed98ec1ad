import type { SpanWrite } from "../../src/model/span-write.ts";
import { newId } from "../../src/model/id.ts";

const encoder = new TextEncoder();

export function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export const START = Date.parse("2026-11-01T10:00:00Z");

/** A finished root span, unless overridden. */
export function rootWrite(overrides: Partial<SpanWrite> = {}): SpanWrite {
  const id = overrides.id ?? newId();
  return {
    op: "post",
    id,
    traceId: id,
    dottedOrder: `20261101T100000000000Z${id}`,
    projectName: "contract",
    name: "pipeline",
    kind: "chain",
    startAt: START,
    endAt: START + 100,
    inputs: json({ question: "why?" }),
    outputs: json({ answer: "because" }),
    tags: ["a"],
    metadata: { model: "m1" },
    extra: json({ metadata: { model: "m1" } }),
    ...overrides,
  };
}

export function childWrite(root: SpanWrite, overrides: Partial<SpanWrite> = {}): SpanWrite {
  const id = overrides.id ?? newId();
  return {
    ...rootWrite({ id }),
    traceId: root.id,
    parentId: root.id,
    dottedOrder: `${root.dottedOrder}.20261101T100000010000Z${id}`,
    name: "retrieval",
    kind: "retriever",
    startAt: START + 10,
    endAt: START + 50,
    ...overrides,
  };
}
