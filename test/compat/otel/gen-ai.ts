import type { Attributes } from "@opentelemetry/api";
import type { ChatMessage, Convention } from "./agent-step.ts";

/** OpenTelemetry's own semantic conventions for generative AI, with messages in parts. */
export const genAi: Convention = {
  chain: ({ name, inputs, outputs, thread }) => ({
    "gen_ai.operation.name": thread === undefined ? "invoke_workflow" : "invoke_agent",
    "gen_ai.agent.name": name,
    "gen_ai.input.messages": partsText(inputs),
    ...(thread === undefined ? {} : { "gen_ai.conversation.id": thread }),
    // There is no attribute for what is no message.
    ...(typeof outputs === "string" ? { output: outputs } : { "gen_ai.output.messages": partsText(outputs) }),
  }),
  model: ({ model, provider, inputs, output, usage }) => ({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": model,
    "gen_ai.response.model": model,
    "gen_ai.input.messages": partsText(inputs),
    "gen_ai.output.messages": partsText([output]),
    "gen_ai.usage.input_tokens": usage.input,
    "gen_ai.usage.output_tokens": usage.output,
  }),
  tool: ({ name, args, result }): Attributes => ({
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": name,
    "gen_ai.tool.type": "function",
    "gen_ai.tool.call.arguments": JSON.stringify(args),
    ...(result === null ? {} : { "gen_ai.tool.call.result": result }),
  }),
};

function partsText(messages: readonly ChatMessage[]): string {
  return JSON.stringify(
    messages.map(({ role, content, calls = [], callId }) => ({
      role,
      parts:
        callId === undefined
          ? [
              ...(content === "" ? [] : [{ type: "text", content }]),
              ...calls.map(({ id, name, args }) => ({ type: "tool_call", id, name, arguments: args })),
            ]
          : [{ type: "tool_call_response", id: callId, response: content }],
    })),
  );
}
