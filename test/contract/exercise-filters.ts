import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import type { SpanWrite } from "../../src/model/span-write.ts";
import type { Store } from "../../src/store/store.ts";
import { parseFilter } from "../../src/wire/filter.ts";
import { childWrite, json, rootWrite, START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

/** Three traces: `a` is plain, `b` failed in its child, `c` still runs; each has a child named after it. */
async function fill(store: Store): Promise<Map<string, string>> {
  const a = rootWrite({
    name: "a",
    tags: ["prod", 'x"prod'],
    metadata: { tier: "free", depth: { level: 2, flag: true }, nothing: null, "dotted.key": "yes", thread_id: "t1" },
    threadId: "t1",
    inputs: json({ question: "Why is the sky blue?", options: { k: 4 } }),
    outputs: json({ answer: "kvůli Rayleighovi" }),
    usage: { totalTokens: 120, promptTokens: 100, completionTokens: 20, cost: 0.25 },
    model: "gpt-x",
    endAt: START + 2000,
  });
  const b = rootWrite({
    name: "b",
    tags: ["Prod"],
    metadata: { tier: "paid", depth: { level: 10 } },
    inputs: json({ question: "\u0000 NUL and \ud800 lone" }),
    endAt: START + 8000,
    startAt: START + 1,
  });
  const { outputs: _outputs, endAt: _endAt, ...open } = rootWrite({ name: "c", metadata: {}, startAt: START + 2 });
  const children: SpanWrite[] = [
    childWrite(a, { id: newId(), name: "a.llm", kind: "llm", tags: [], metadata: { tier: "free" } }),
    childWrite(b, { id: newId(), name: "b.tool", kind: "tool", error: "Timeout: 100% _wrong_", tags: [] }),
    childWrite(open, { id: newId(), name: "c.llm", kind: "llm", tags: ["prod"] }),
  ];
  await store.spanIngest({
    spans: [a, b, open, ...children],
    feedback: [
      { id: newId(), runId: a.id, key: "quality", score: 0.9, value: "good", source: { type: "api" } },
      { id: newId(), runId: a.id, key: "speed", score: 0.1, comment: "too slow" },
      { id: newId(), runId: b.id, key: "quality", score: 0.2, value: 3, modifiedAt: START + 50 },
      { id: newId(), runId: children[1]?.id ?? "", key: "tool_ok", score: 0 },
    ],
  });
  return new Map([a, b, open, ...children].map((write) => [write.name ?? "", write.id]));
}

/** Filter, and the names of the spans it leaves, in order of start and id. */
const FILTERS: readonly (readonly [filter: string, names: string])[] = [
  ['eq(name, "a")', "a"],
  ['neq(run_type, "chain")', "a.llm b.tool c.llm"],
  ['in(run_type, ["tool", "LLM"])', "a.llm b.tool c.llm"],
  ["neq(error, null)", "b.tool"],
  ['like(error, "%timeout%")', "b.tool"],
  ['like(error, "%100\\\\% \\\\_wrong%")', "b.tool"],
  ['eq(status, "pending")', "c"],
  ['eq(status, "error")', "b.tool"],
  ["gt(latency, 5)", "b"],
  ['lte(latency, "2s")', "a a.llm b.tool c.llm"],
  ["eq(is_root, true)", "a b c"],
  ["neq(is_root, true)", "a.llm b.tool c.llm"],
  ["eq(execution_order, 1)", "a b c"],
  ["gte(total_tokens, 120)", "a"],
  ["lt(total_tokens, 1.5)", "b c a.llm b.tool c.llm"],
  ["eq(total_cost, 0.25)", "a"],
  ['eq(model, "gpt-x")', "a"],
  ['eq(thread_id, "t1")', "a"],
  ['has(tags, "prod")', "a c.llm"],
  ['has(tags, "x\\"prod")', "a"],
  ['not(has(tags, "prod"))', "b c a.llm b.tool"],
  ['and(eq(metadata_key, "tier"), eq(metadata_value, "free"))', "a a.llm"],
  ['and(eq(metadata_key, "tier"), neq(metadata_value, "free"))', "b"],
  ['eq(metadata_value, "free")', "a a.llm"],
  ['eq(metadata_key, "depth.level")', "a b"],
  ['and(eq(metadata_key, "depth.level"), gt(metadata_value, 5))', "b"],
  ['and(eq(metadata_key, "depth.level"), eq(metadata_value, "2"))', "a"],
  ['and(eq(metadata_key, "depth.flag"), eq(metadata_value, true))', "a"],
  ['and(eq(metadata_key, "nothing"), eq(metadata_value, null))', "a"],
  ['eq(metadata_key, "dotted.key")', "a"],
  ['in(metadata_key, ["session_id","conversation_id","thread_id"])', "a"],
  ['like(metadata_key, "depth.%")', "a b"],
  ['neq(metadata_key, "tier")', "c b.tool c.llm"],
  ['has(metadata, \'{"tier": "free", "depth": {"level": 2}}\')', "a"],
  ['exists(metadata, "tier")', "a b a.llm"],
  ['and(eq(input_key, "options.k"), eq(input_value, 4))', "a"],
  ['has(inputs, "question")', "a b c a.llm b.tool c.llm"],
  ['and(eq(input_key, "question"), like(input_value, "%NUL%"))', "b"],
  ['search("SKY blue")', "a"],
  ['search(outputs, "kvůli")', "a"],
  ['search("sky green")', ""],
  ['eq(feedback_key, "quality")', "a b"],
  ['and(eq(feedback_key, "quality"), lt(feedback_score, 0.5))', "b"],
  ['and(eq(feedback_key, "speed"), gt(feedback_score, 0.5))', ""],
  ['and(eq(feedback_key, "quality"), eq(feedback_value, "good"))', "a"],
  ['and(eq(feedback_key, "quality"), gte(feedback_value, 3))', "b"],
  ['like(feedback_comment, "%slow")', "a"],
  ['eq(feedback_source, "api")', "a"],
  ['not(eq(feedback_key, "quality"))', "c a.llm b.tool c.llm"],
  ['and(eq(feedback_key, "quality"), eq(feedback_key, "speed"))', "a"],
  ['or(eq(name, "c"), and(eq(run_type, "tool"), neq(error, null)))', "c b.tool"],
  ['gt(start_time, "2000-01-01T00:00:00Z")', "a b c a.llm b.tool c.llm"],
  ['lt(start_time, "2000-01-01T00:00:00Z")', ""],
];

export function exerciseFilters(open: OpenStore): void {
  describe("filters", () => {
    const names = async (store: Store, query: Partial<Parameters<Store["spanQuery"]>[0]>): Promise<string> => {
      const { rows } = await store.spanQuery({ order: "asc", limit: 100, payloads: [], ...query });
      const order = ["a", "b", "c", "a.llm", "b.tool", "c.llm"];
      return order.filter((name) => rows.some((row) => row.name === name)).join(" ");
    };

    it("leaves what a filter describes", async () => {
      await using store = await open({ now: START });
      await fill(store);
      const found: [filter: string, names: string][] = [];
      for (const [filter] of FILTERS)
        found.push([filter, await names(store, { filter: parseFilter(filter, "filter") })]);
      expect(found).toEqual(FILTERS);
    });

    it("asks the root, and any span of the trace", async () => {
      await using store = await open({ now: START });
      const ids = await fill(store);
      const traceFilter = parseFilter('and(eq(feedback_key, "quality"), gt(feedback_score, 0.5))', "trace_filter");
      expect(await names(store, { traceFilter })).toBe("a a.llm");
      const treeFilter = parseFilter('eq(name, "b.tool")', "tree_filter");
      expect(await names(store, { treeFilter })).toBe("b b.tool");
      expect(await names(store, { treeFilter, filter: parseFilter("eq(is_root, true)", "filter") })).toBe("b");
      const filter = parseFilter(`eq(id, "${ids.get("c") ?? ""}")`, "filter");
      expect(await names(store, { filter })).toBe("c");
    });

    it("counts only feedback of the time asked for", async () => {
      await using store = await open({ now: START });
      await fill(store);
      const filter = parseFilter('eq(feedback_key, "quality")', "filter");
      expect(await names(store, { filter, feedbackWindow: { from: START + 50 } })).toBe("b");
      expect(await names(store, { filter, feedbackWindow: { to: START + 50 } })).toBe("a");
    });

    it("binds every value, so that none is read as SQL", async () => {
      await using store = await open({ now: START });
      await fill(store);
      const evil = "'); drop table span; --";
      for (const filter of [
        `eq(name, "${evil}")`,
        `has(tags, "${evil}")`,
        `search("${evil}")`,
        `like(name, "${evil}")`,
      ]) {
        expect(await names(store, { filter: parseFilter(filter, "filter") }), filter).toBe("");
      }
      expect(await names(store, {})).not.toBe("");
    });
  });
}
