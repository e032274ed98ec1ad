import type { SpanKind } from "../../model/trace.ts";
import type { Attributes } from "./attributes.ts";

const LANGSMITH: ReadonlySet<string> = new Set(["llm", "chain", "tool", "retriever", "embedding", "prompt", "parser"]);

const OPENINFERENCE: ReadonlyMap<string, SpanKind> = new Map([
  ["llm", "llm"],
  ["embedding", "embedding"],
  ["chain", "chain"],
  ["agent", "chain"],
  ["retriever", "retriever"],
  ["reranker", "retriever"],
  ["tool", "tool"],
  ["guardrail", "chain"],
  ["evaluator", "chain"],
  ["prompt", "prompt"],
]);

const TRACELOOP: ReadonlyMap<string, SpanKind> = new Map([
  ["workflow", "chain"],
  ["task", "chain"],
  ["agent", "chain"],
  ["tool", "tool"],
]);

const GEN_AI_OPERATIONS: ReadonlyMap<string, SpanKind> = new Map([
  ["chat", "llm"],
  ["completion", "llm"],
  ["text_completion", "llm"],
  ["generate_content", "llm"],
  ["embedding", "embedding"],
  ["embeddings", "embedding"],
  ["execute_tool", "tool"],
  ["retrieval", "retriever"],
  ["create_agent", "chain"],
  ["invoke_agent", "chain"],
  ["invoke_workflow", "chain"],
]);

const REQUEST_TYPES: ReadonlyMap<string, SpanKind> = new Map([
  ["chat", "llm"],
  ["completion", "llm"],
  ["embedding", "embedding"],
  ["rerank", "retriever"],
]);

const VERCEL_LLM = /^ai\.(?:generateText|streamText|generateObject|streamObject)\.do(?:Generate|Stream)/;

/** The run type by whichever convention the span follows, LangSmith's own first; `chain` where none says. */
export function runKind(attributes: Attributes): SpanKind {
  const own = lower(attributes, "langsmith.span.kind");
  if (LANGSMITH.has(own)) return own;
  const named =
    OPENINFERENCE.get(lower(attributes, "openinference.span.kind")) ??
    TRACELOOP.get(lower(attributes, "traceloop.span.kind")) ??
    GEN_AI_OPERATIONS.get(lower(attributes, "gen_ai.operation.name")) ??
    REQUEST_TYPES.get(lower(attributes, "traceloop.llm.request.type", "llm.request.type"));
  return named ?? guessed(attributes);
}

function guessed(attributes: Attributes): SpanKind {
  const operation = attributes.text("ai.operationId", "operation.name") ?? "";
  if (VERCEL_LLM.test(operation)) return "llm";
  if (operation.startsWith("ai.toolCall")) return "tool";
  if (/^ai\.embed(?:Many)?\.doEmbed/.test(operation)) return "embedding";
  if (attributes.text("gen_ai.tool.name") !== undefined) return "tool";
  if (attributes.text("llm.prompt_template.variables") !== undefined) return "prompt";
  if (attributes.text("gen_ai.request.model", "llm.model_name") !== undefined) return "llm";
  return "chain";
}

function lower(attributes: Attributes, ...keys: string[]): string {
  return attributes.text(...keys)?.toLowerCase() ?? "";
}
