import { expect, test } from "vitest";
import { isUuid } from "../../model/id.ts";
import { ingestBatch, ingestRun } from "../ingest.ts";
import { CHILD, CHILD_ORDER, TRACE, json, posted, refused, root, text } from "./run.fixture.ts";

test("tells what was not sent from what was sent as null", async () => {
  const write = await posted(root({ end_time: null, error: null, outputs: null, parent_run_id: null, tags: null }));
  expect(write).toMatchObject({ endAt: null, error: null, parentId: null });
  expect(write).not.toHaveProperty("outputs");
  expect(write).not.toHaveProperty("tags");
  const { spans } = await ingestRun("patch", json({}), { id: TRACE });
  expect(spans).toEqual([{ op: "patch", id: TRACE }]);
});

test("derives trace, parent and start from the dotted order", async () => {
  const write = await posted({ id: CHILD, name: "x", run_type: "tool", dotted_order: CHILD_ORDER });
  expect(write).toMatchObject({ traceId: TRACE, parentId: TRACE });
  expect(write.startAt).toBeCloseTo(1_795_450_813_205.002, 6);
});

test("cleans extracted text, never payloads", async () => {
  const write = await posted(`${JSON.stringify(root()).slice(0, -1)},
    "name":"a\\u0000b\\ud800c\\ud83d\\ude00","error":"\\u0000","tags":["\\udfff"],
    "extra":{"metadata":{"k\\u0000":["\\ud800"],"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}}`);
  expect(write.name).toBe("a\ufffdb\ufffdc\ud83d\ude00");
  expect(write.error).toBe("\ufffd");
  expect(write.tags).toEqual(["\ufffd"]);
  expect(write.metadata?.["k\ufffd"]).toEqual(["\ufffd"]);
  expect(Object.keys(write.metadata ?? {})).toEqual(["k\ufffd", "__proto__", "constructor"]);
  expect(Object.getPrototypeOf(write.metadata)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(text(write.extra)).toContain('"\\ud800"');
});

test("wraps inputs and outputs that are no objects, as clients do", async () => {
  const write = await posted(root({ inputs: ["a"], outputs: "done" }));
  expect([text(write.inputs), text(write.outputs)]).toEqual(['{"input":["a"]}', '{"output":"done"}']);
});

test("names the field that is wrong", async () => {
  const expectations: [Record<string, unknown>, string, RegExp][] = [
    [{ id: "7" }, "id", /"7" is not a UUID/],
    [{ name: undefined }, "name", /missing/],
    [{ name: 7 }, "name", /string/],
    [{ run_type: undefined }, "run_type", /missing/],
    [{ run_type: "agent" }, "run_type", /"agent" is none of tool, chain/],
    [{ trace_id: "x" }, "trace_id", /UUID/],
    [{ trace_id: CHILD }, "trace_id", /not the first id of the dotted order/],
    [{ dotted_order: "x" }, "dotted_order", /not a dotted order/],
    [{ dotted_order: CHILD_ORDER }, "dotted_order", /ends with/],
    [{ parent_run_id: TRACE }, "parent_run_id", /own parent/],
    [{ start_time: "soon" }, "start_time", /"soon" is not a time/],
    [{ end_time: {} }, "end_time", /not a time/],
    [{ dotted_order: undefined }, "start_time", /missing/],
    [{ tags: "a" }, "tags", /list/],
    [{ tags: [1] }, "tags", /1 is not a string/],
    [{ events: {} }, "events", /list/],
    [{ extra: [] }, "extra", /object/],
    [{ reference_example_id: "x" }, "reference_example_id", /UUID/],
    [{ session_id: "x" }, "session_id", /UUID/],
  ];
  for (const [fields, field, message] of expectations) {
    const [wrong, why] = await refused(root(fields));
    expect(wrong, JSON.stringify(fields)).toBe(field);
    expect(why).toMatch(message);
  }
});

test("finds the id of a run that carries none in its dotted order, or gives a posted one an id", async () => {
  expect((await posted(root({ id: undefined }))).id).toBe(TRACE);
  const bare = { name: "x", run_type: "tool", start_time: 1_795_450_813_000 };
  const [first, second] = [await posted(bare), await posted(bare)];
  expect(isUuid(first.id) && first.id !== second.id).toBe(true);
  expect(await refused({}, "patch")).toEqual(["id", "id: is missing"]);
  expect((await ingestBatch(json({ post: [bare] }))).rejected).toMatchObject([{ item: "post[0]", field: "id" }]);
});

test("takes the time of arrival where a posted run tells none", async () => {
  const write = await posted({ id: TRACE, name: "x", run_type: "tool" }, { receivedAt: 1_795_450_813_000 });
  expect(write.startAt).toBe(1_795_450_813_000);
  const patch = await ingestRun("patch", json({ id: TRACE }), { receivedAt: 1_795_450_813_000 });
  expect(patch.spans[0]).not.toHaveProperty("startAt");
});

test("counts tokens and cost wherever clients put them", async () => {
  const usage = async (fields: Record<string, unknown>): Promise<unknown> =>
    (await posted(root({ run_type: "llm", ...fields }))).usage;
  const counted = { promptTokens: 3, completionTokens: 4, totalTokens: 7 };
  const metadata = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  expect(await usage({ outputs: { usage_metadata: { ...metadata, input_cost: 0.25, output_cost: 0.5 } } })).toEqual({
    ...counted,
    cost: 0.75,
  });
  expect(await usage({ extra: { metadata: { usage_metadata: { ...metadata, total_cost: 2 } } } })).toEqual({
    ...counted,
    cost: 2,
  });
  expect(await usage({ outputs: { llm_output: { token_usage: { prompt_tokens: 3, completion_tokens: 4 } } } })).toEqual(
    counted,
  );
  expect(await usage({ outputs: { usage: { prompt_tokens: 3, completion_tokens: 4 } } })).toEqual(counted);
  const message = { kwargs: { usage_metadata: metadata } };
  expect(await usage({ outputs: { generations: [[{ text: "", message }], [{ message }]] } })).toEqual({
    promptTokens: 6,
    completionTokens: 8,
    totalTokens: 14,
  });
  expect(await usage({ outputs: { generations: [{ message }] } })).toEqual(counted);
  expect(await usage({ prompt_tokens: 3, completion_tokens: 4 })).toEqual(counted);
  expect(await usage({ run_type: "tool", outputs: { usage_metadata: { total_cost: 0.5 } } })).toEqual({ cost: 0.5 });
  // A chain returns what the model below it has already counted.
  expect(await usage({ run_type: "chain", outputs: { usage_metadata: metadata } })).toBeUndefined();
  expect(await usage({ outputs: { answer: "usage_metadata" } })).toBeUndefined();
  expect(await usage({ outputs: { usage_metadata: { input_tokens: "x", output_tokens: -1 } } })).toBeUndefined();
});

test("finds the model and the time of the first token", async () => {
  const events = [
    { name: "start", time: 1 },
    { name: "new_token", time: "2026-11-23T16:20:13.5Z" },
    { name: "new_token", time: 9 },
  ];
  const write = await posted(root({ events, extra: { invocation_params: { model: "claude" } } }));
  expect(write.model).toBe("claude");
  expect(write.firstTokenAt).toBe(Date.parse("2026-11-23T16:20:13.5Z"));
});
