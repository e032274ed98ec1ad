import type { Attributes } from "@opentelemetry/api";
import type { ChatMessage, Convention } from "./agent-step.ts";
import { openAiMessages } from "./open-ai-messages.ts";

/** OpenLLMetry: entities for the steps, indexed prompts and completions for model calls. */
export const openLlmetry: Convention = {
  chain: ({ name, inputs, outputs, thread }) => ({
    "traceloop.span.kind": thread === undefined ? "task" : "workflow",
    "traceloop.entity.name": name,
    "traceloop.entity.input": JSON.stringify({ messages: openAiMessages(inputs) }),
    "traceloop.entity.output":
      typeof outputs === "string" ? outputs : JSON.stringify({ messages: openAiMessages(outputs) }),
    ...(thread === undefined ? {} : { "traceloop.association.properties.session_id": thread }),
  }),
  model: ({ model, provider, inputs, output, usage }) => ({
    "llm.request.type": "chat",
    "gen_ai.system": provider,
    "gen_ai.request.model": model,
    "gen_ai.response.model": model,
    "gen_ai.usage.prompt_tokens": usage.input,
    "gen_ai.usage.completion_tokens": usage.output,
    "llm.usage.total_tokens": usage.input + usage.output,
    ...indexed("gen_ai.prompt", inputs),
    ...indexed("gen_ai.completion", [output]),
  }),
  tool: ({ name, args, result }) => ({
    "traceloop.span.kind": "tool",
    "traceloop.entity.name": name,
    "traceloop.entity.input": JSON.stringify(args),
    ...(result === null ? {} : { "traceloop.entity.output": result }),
  }),
};

function indexed(prefix: string, messages: readonly ChatMessage[]): Attributes {
  const attributes: Attributes = {};
  for (const [index, { role, content, calls = [], callId }] of messages.entries()) {
    const at = `${prefix}.${index}`;
    attributes[`${at}.role`] = role;
    attributes[`${at}.content`] = content;
    if (callId !== undefined) attributes[`${at}.tool_call_id`] = callId;
    for (const [number, call] of calls.entries()) {
      attributes[`${at}.tool_calls.${number}.id`] = call.id;
      attributes[`${at}.tool_calls.${number}.name`] = call.name;
      attributes[`${at}.tool_calls.${number}.arguments`] = JSON.stringify(call.args);
    }
  }
  return attributes;
}
