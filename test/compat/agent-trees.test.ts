import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type RunningServer } from "../server/official-client.ts";
import type { Convention } from "./otel/agent-step.ts";
import { genAi } from "./otel/gen-ai.ts";
import { langsmithAttributes } from "./otel/langsmith-attributes.ts";
import { openInference } from "./otel/open-inference.ts";
import { openLlmetry } from "./otel/open-llmetry.ts";
import { traceAgent } from "./otel/trace-agent.ts";
import { traced } from "./otel/traced.ts";
import { needPython } from "./python/need-python.ts";
import { runPython } from "./python/run-python.ts";
import { readTree, type RunTree } from "./run-tree.ts";

const CONVENTIONS: readonly (readonly [name: string, convention: Convention])[] = [
  ["OpenTelemetry's GenAI conventions", genAi],
  ["OpenInference", openInference],
  ["OpenLLMetry", openLlmetry],
  ["LangSmith's own attributes", langsmithAttributes],
];

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

async function treeBy(convention: Convention, project: string): Promise<{ thread: unknown; root: RunTree }> {
  await traced({ endpoint: running.listening.url, project }, (tracer) => traceAgent(tracer, convention));
  return readTree(running.client, project);
}

const outline = ({ name, kind, children }: RunTree): unknown => [`${name} ${kind}`, ...children.map(outline)];

describe("an agent traced by the OpenTelemetry SDK", () => {
  it("arrives as the tree it ran as, with messages, tokens, model, errors and thread", async () => {
    const { thread, root } = await treeBy(genAi, "outline");
    const think = ["think chain", ["model llm"], ["route chain"]];
    const act = ["act chain", ["search tool"]];
    expect(outline(root)).toEqual(["agent chain", think, act, think, act, think]);
    expect(thread).toBe("conversation");
    expect(root.children[0]?.children[0]).toMatchObject({
      model: "scripted-1",
      provider: "scripted",
      tokens: [7, 3, 10],
      inputs: [{ role: "user", content: "why is the sky blue?", calls: [], answers: null }],
      outputs: [{ role: "assistant", content: "", calls: [{ name: "search", args: { query: "sky" } }], answers: null }],
    });
    expect(root.children[3]?.children[0]).toMatchObject({ status: "error", error: "no index", outputs: null });
    expect(root.children[3]).toMatchObject({ status: "success", error: null });
  });

  it.each(CONVENTIONS.slice(1))("is the same tree when it speaks %s", async (name, convention) => {
    expect(await treeBy(convention, name)).toEqual(await treeBy(genAi, `${name}, again as GenAI`));
  });
});

describe("a LangGraph agent traced by the official Python client", () => {
  const python = needPython();
  if (python === null) return;

  it.each(CONVENTIONS)(
    "is the same tree as one traced by OpenTelemetry in the words of %s",
    async (name, convention) => {
      const project = `langgraph beside ${name}`;
      const script = join(import.meta.dirname, "python", "trace_agent.py");
      await runPython(python, script, { endpoint: running.listening.url, args: [project] });
      expect(await treeBy(convention, `otel beside ${name}`)).toEqual(await readTree(running.client, project));
    },
  );
});
