import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../model/json.ts";
import type { Score } from "../../model/score.ts";
import type { Span } from "../../model/trace.ts";
import type { Evaluator } from "../evaluator.ts";
import { inputsFixture, spanFixture, traceFixture } from "../trace.fixture.ts";
import { cost } from "./cost.ts";
import { latency } from "./latency.ts";
import { loopDetection } from "./loop-detection.ts";
import { toolCallSuccess } from "./tool-call-success.ts";

async function judge(evaluator: Evaluator, ...spans: Span[]): Promise<Score[]> {
  const inputs = inputsFixture(evaluator, traceFixture(...spans));
  return (await Promise.all(inputs.map((input) => evaluator.evaluate(input)))).flat();
}

const steps = (...calls: [name: string, inputs: JsonObject, kind?: string][]): Span[] => [
  spanFixture({ id: "root" }),
  ...calls.map(([name, inputs, kind = "tool"], i) =>
    spanFixture({ id: `s${i}`, name, kind, inputs, startAt: 1_700_000_000_000 + i }),
  ),
];

describe("latency and cost", () => {
  it("judges wall time, and not what still runs", async () => {
    expect(await judge(latency({ maxMs: 1500 }))).toMatchObject([{ score: 1 }]);
    expect(await judge(latency({ maxMs: 1499 }))).toMatchObject([{ score: 0, comment: "1500 ms is over 1499" }]);
    expect(await judge(latency({ maxMs: 1 }), spanFixture({ id: "root", endAt: null }))).toMatchObject([
      { score: null },
    ]);
  });

  it("sums model calls, without counting a parent's own sum twice", async () => {
    const calls = [
      spanFixture({ id: "agent", usage: { totalTokens: 30, cost: 0.03 } }),
      spanFixture({ id: "call", parentId: "agent", kind: "llm", usage: { totalTokens: 30, cost: 0.03 } }),
      spanFixture({ id: "other", kind: "llm", usage: { promptTokens: 5, completionTokens: 6, cost: 0.02 } }),
    ];
    const spans = [spanFixture({ id: "root" }), ...calls];
    expect(await judge(cost({ maxTokens: 41 }), ...spans)).toMatchObject([{ score: 1, comment: "41 tokens" }]);
    expect(await judge(cost({ maxTokens: 40 }), ...spans)).toMatchObject([{ score: 0 }]);
    expect(await judge(cost({ maxUsd: 0.04, maxTokens: 100 }), ...spans)).toMatchObject([
      { score: 0, comment: "0.05 USD is over 0.04" },
    ]);
    expect(await judge(cost({ maxUsd: 1 }))).toMatchObject([{ score: null, comment: "USD not known" }]);
    expect(() => cost({})).toThrow(/bounds/);
    expect(() => cost({ maxUsd: 1, maxTokens: Number.NaN })).toThrow(/maxTokens/);
    expect(() => cost({ maxUsd: Number.NaN, maxTokens: 1 })).toThrow(/maxUsd/);
  });
});

describe("toolCallSuccess", () => {
  const tool = (id: string, over: Partial<Span> = {}): Span => spanFixture({ id, kind: "tool", ...over });
  it.each<[string, Span, number]>([
    ["success", tool("t", { outputs: { output: "3 results; error rate 2%" } }), 1],
    ["a raised error", tool("t", { status: "error", error: "ValueError: bad" }), 0],
    ["an error field", tool("t", { outputs: { output: { error: "no such order" } } }), 0],
    ["an empty error field", tool("t", { outputs: { error: null, output: "fine" } }), 1],
    ["error text", tool("t", { outputs: { output: "Error: order not found" } }), 0],
    ["an exception as text", tool("t", { outputs: { output: "TimeoutError: gave up" } }), 0],
    ["MCP's flag", tool("t", { outputs: { isError: true, content: [] } }), 0],
  ])("sees %s", async (_name, span, score) => {
    expect((await judge(toolCallSuccess(), spanFixture({ id: "root" }), span))[0]?.score).toBe(score);
  });

  it("gives the share, the first failure, and null without tools", async () => {
    const [score] = await judge(
      toolCallSuccess(),
      spanFixture({ id: "root" }),
      tool("a"),
      tool("b", { error: "down", status: "error" }),
    );
    expect(score).toMatchObject({ score: 0.5, comment: "1 of 2 tool runs failed, first b: down" });
    expect(await judge(toolCallSuccess())).toMatchObject([{ score: null }]);
  });
});

describe("loopDetection", () => {
  it.each<[string, Span[], number, string?]>([
    ["different calls", steps(["search", { q: 1 }], ["search", { q: 2 }], ["read", {}], ["search", { q: 1 }]), 1],
    ["a call twice", steps(["search", { q: 1 }], ["search", { q: 1 }]), 1],
    [
      "a call three times",
      steps(["x", {}], ["search", { q: 1, r: 2 }], ["search", { r: 2, q: 1 }], ["search", { q: 1, r: 2 }]),
      0,
      "s2",
    ],
    ["a cycle of two", steps(["a", {}], ["b", {}], ["a", {}], ["b", {}], ["a", {}], ["b", {}]), 0, "s2"],
    ["the same call after other work", steps(["a", {}], ["b", {}], ["a", {}], ["c", {}], ["a", {}], ["d", {}]), 1],
    [
      "tools that repeat between model calls",
      steps(
        ["llm", { n: 1 }, "llm"],
        ["a", {}],
        ["llm", { n: 2 }, "llm"],
        ["a", {}],
        ["llm", { n: 3 }, "llm"],
        ["a", {}],
      ),
      0,
      "s3",
    ],
    [
      "model calls whose history grows",
      steps(
        ...[1, 2, 3].map((n): [string, JsonObject, string] => [
          "llm",
          { messages: Array.from({ length: n }, () => ({ content: "again" })) },
          "llm",
        ]),
      ),
      0,
      "s1",
    ],
  ])("judges %s", async (_name, spans, score, spanId = "root") => {
    expect(await judge(loopDetection(), ...spans)).toMatchObject([{ key: "no_loop", score, spanId }]);
  });

  it("takes 10,000 steps", async () => {
    const many = steps(...Array.from({ length: 10_000 }, (_, i): [string, JsonObject] => ["t", { i }]));
    expect(await judge(loopDetection(), ...many)).toMatchObject([{ score: 1 }]);
  });
});
