import type { ChatMessage } from "./agent-step.ts";

/** The messages in the form of OpenAI's chat API, which most instrumentations write as JSON. */
export function openAiMessages(messages: readonly ChatMessage[]): object[] {
  return messages.map(({ role, content, calls = [], callId }) => ({
    role,
    content,
    ...(callId === undefined ? {} : { tool_call_id: callId }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map(({ id, name, args }) => ({
            id,
            type: "function",
            function: { name, arguments: JSON.stringify(args) },
          })),
        }),
  }));
}
