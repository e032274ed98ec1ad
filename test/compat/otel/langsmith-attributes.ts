import type { Convention } from "./agent-step.ts";
import { openAiMessages } from "./open-ai-messages.ts";

/** LangSmith's own attributes, as its clients send them when they trace by OpenTelemetry. */
export const langsmithAttributes: Convention = {
  chain: ({ name, inputs, outputs, thread }) => ({
    "langsmith.span.kind": "chain",
    "langsmith.trace.name": name,
    "gen_ai.prompt": JSON.stringify({ messages: openAiMessages(inputs) }),
    "gen_ai.completion": JSON.stringify(
      typeof outputs === "string" ? { output: outputs } : { messages: openAiMessages(outputs) },
    ),
    ...(thread === undefined ? {} : { "langsmith.metadata.thread_id": thread }),
  }),
  model: ({ model, provider, inputs, output, usage }) => ({
    "langsmith.span.kind": "llm",
    "langsmith.metadata.ls_model_name": model,
    "langsmith.metadata.ls_provider": provider,
    "gen_ai.prompt": JSON.stringify({ messages: openAiMessages(inputs) }),
    "gen_ai.completion": JSON.stringify({ messages: openAiMessages([output]) }),
    "langsmith.usage_metadata": JSON.stringify({
      input_tokens: usage.input,
      output_tokens: usage.output,
      total_tokens: usage.input + usage.output,
    }),
  }),
  tool: ({ name, args, result }) => ({
    "langsmith.span.kind": "tool",
    "langsmith.trace.name": name,
    "gen_ai.prompt": JSON.stringify(args),
    ...(result === null ? {} : { "gen_ai.completion": JSON.stringify({ output: result }) }),
  }),
};
