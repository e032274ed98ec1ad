import { expect, test } from "vitest";
import { TRACE, TRACE_ID, ingest } from "./request.fixture.ts";

test("attaches spans to a run that came another way, and what is below them too", async () => {
  const trace = "018f0000-0000-7000-8000-000000000001";
  const parent = "018f0000-0000-7000-8000-000000000002";
  const own = "018f0000-0000-7000-8000-000000000003";
  const order = `20261123T162013105001Z${trace}.20261123T162013105002Z${parent}.20261123T162013105003Z${own}`;
  const { spans, roots } = await ingest([
    {
      span: "00000000000000a1",
      attributes: {
        "langsmith.trace.id": trace,
        "langsmith.span.parent_id": parent,
        "langsmith.span.id": own,
        "langsmith.span.dotted_order": order,
      },
    },
    { span: "00000000000000a2", parent: "00000000000000a1" },
  ]);
  expect(spans[0]).toMatchObject({ id: own, traceId: trace, parentId: parent, dottedOrder: order });
  expect(spans[1]).toMatchObject({ id: "00000000-0000-0000-0000-0000000000a2", traceId: trace, parentId: own });
  expect(spans[1]?.dottedOrder).toBe(`${order}.20261123T162013105001Z00000000-0000-0000-0000-0000000000a2`);
  expect(roots).toEqual([]);
});

test("links spans within a request and across requests", async () => {
  const root = "00000000000000a1";
  const child = "00000000000000a2";
  const grandchild = "00000000000000a3";
  const whole = await ingest([{ span: grandchild, parent: child }, { span: child, parent: root }, { span: root }]);
  const ids = whole.spans.map(({ id, parentId, traceId }) => [id, parentId, traceId]);
  const [third, second] = ["00000000-0000-0000-0000-0000000000a3", "00000000-0000-0000-0000-0000000000a2"];
  expect(ids).toEqual([
    [third, second, TRACE_ID],
    [second, TRACE_ID, TRACE_ID],
    [TRACE_ID, null, TRACE_ID],
  ]);
  expect(whole.roots).toEqual([{ traceId: TRACE_ID, childrenSay: "00000000-0000-0000-0000-0000000000a1" }]);

  const early = await ingest([{ span: child, parent: root }]);
  expect(early.spans[0]).toMatchObject({ id: second, traceId: TRACE_ID, parentId: whole.roots[0]?.childrenSay });
  expect(early.spans[0]?.dottedOrder).toBeUndefined();
  const late = await ingest([{ span: child, parent: root }], { knownRoots: new Map([[TRACE_ID, root]]) });
  expect(late.spans[0]?.parentId).toBe(TRACE_ID);
});

test("gives the trace's id to one root only, so that a second one overwrites nothing", async () => {
  const [first, second] = ["00000000000000a1", "00000000000000a2"];
  const own = "00000000-0000-0000-0000-0000000000a2";
  const together = await ingest([{ span: first }, { span: second }]);
  expect(together.spans.map(({ id, parentId }) => [id, parentId])).toEqual([
    [TRACE_ID, null],
    [own, null],
  ]);
  const apart = await ingest([{ span: second }], { knownRoots: new Map([[TRACE_ID, first]]) });
  expect(apart.spans.map(({ id }) => id)).toEqual([own]);
  expect(apart.roots).toEqual([]);
  const again = await ingest([{ span: first }], { knownRoots: new Map([[TRACE_ID, first]]) });
  expect(again.spans.map(({ id }) => id)).toEqual([TRACE_ID]);
});

test("knows the roots of LangSmith's own clients", async () => {
  // Python starts its root below a span that is never sent, with the first half of the trace's id.
  const python = await ingest([{ span: "00000000000000a1", parent: TRACE.slice(0, 16) }]);
  expect(python.spans[0]).toMatchObject({ id: TRACE_ID, parentId: null });
  // JavaScript's span processor drops the spans above and marks the topmost that is left.
  const javascript = await ingest([
    { span: "00000000000000a1", parent: "00000000000000ff", attributes: { "langsmith.is_root": true } },
    {
      span: "00000000000000a2",
      parent: "00000000000000fe",
      attributes: { "langsmith.span.parent_id": "00000000-0000-0000-0000-0000000000a1" },
    },
  ]);
  expect(javascript.spans.map(({ id, parentId }) => [id, parentId])).toEqual([
    ["00000000-0000-0000-0000-0000000000a1", null],
    ["00000000-0000-0000-0000-0000000000a2", "00000000-0000-0000-0000-0000000000a1"],
  ]);
});

test("survives cycles, self-parents and long chains", async () => {
  const cycle = await ingest([
    { span: "00000000000000a1", parent: "00000000000000a2" },
    { span: "00000000000000a2", parent: "00000000000000a1" },
    { span: "00000000000000a3", parent: "00000000000000a3" },
  ]);
  expect(cycle.spans).toHaveLength(3);
  expect(new Set(cycle.spans.map((span) => span.traceId))).toEqual(new Set([TRACE_ID]));
  const id = (index: number): string => (index + 1).toString(16).padStart(16, "0");
  const chain = Array.from({ length: 5_000 }, (_, index) => ({
    span: id(index),
    parent: index === 0 ? null : id(index - 1),
  }));
  const { spans } = await ingest(chain.reverse());
  expect(spans).toHaveLength(5_000);
  expect(Math.max(...spans.map((span) => span.dottedOrder?.length ?? 0))).toBeLessThan(10_000);
});
