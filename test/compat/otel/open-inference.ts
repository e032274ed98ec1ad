import {
  INPUT_MIME_TYPE,
  INPUT_VALUE,
  LLM_INPUT_MESSAGES,
  LLM_MODEL_NAME,
  LLM_OUTPUT_MESSAGES,
  LLM_PROVIDER,
  LLM_TOKEN_COUNT_COMPLETION,
  LLM_TOKEN_COUNT_PROMPT,
  LLM_TOKEN_COUNT_TOTAL,
  MESSAGE_CONTENT,
  MESSAGE_ROLE,
  MESSAGE_TOOL_CALL_ID,
  MESSAGE_TOOL_CALLS,
  MimeType,
  OpenInferenceSpanKind,
  OUTPUT_MIME_TYPE,
  OUTPUT_VALUE,
  SESSION_ID,
  SemanticConventions,
  TOOL_CALL_FUNCTION_ARGUMENTS_JSON,
  TOOL_CALL_FUNCTION_NAME,
  TOOL_CALL_ID,
  TOOL_NAME,
} from "@arizeai/openinference-semantic-conventions";
import type { Attributes } from "@opentelemetry/api";
import type { ChatMessage, Convention } from "./agent-step.ts";
import { openAiMessages } from "./open-ai-messages.ts";

const KIND = SemanticConventions.OPENINFERENCE_SPAN_KIND;

/** OpenInference, with the names its package publishes. */
export const openInference: Convention = {
  chain: ({ inputs, outputs, thread }) => ({
    [KIND]: thread === undefined ? OpenInferenceSpanKind.CHAIN : OpenInferenceSpanKind.AGENT,
    [INPUT_VALUE]: JSON.stringify({ messages: openAiMessages(inputs) }),
    [INPUT_MIME_TYPE]: MimeType.JSON,
    ...(typeof outputs === "string"
      ? { [OUTPUT_VALUE]: outputs, [OUTPUT_MIME_TYPE]: MimeType.TEXT }
      : { [OUTPUT_VALUE]: JSON.stringify({ messages: openAiMessages(outputs) }), [OUTPUT_MIME_TYPE]: MimeType.JSON }),
    ...(thread === undefined ? {} : { [SESSION_ID]: thread }),
  }),
  model: ({ model, provider, inputs, output, usage }) => ({
    [KIND]: OpenInferenceSpanKind.LLM,
    [LLM_MODEL_NAME]: model,
    [LLM_PROVIDER]: provider,
    [LLM_TOKEN_COUNT_PROMPT]: usage.input,
    [LLM_TOKEN_COUNT_COMPLETION]: usage.output,
    [LLM_TOKEN_COUNT_TOTAL]: usage.input + usage.output,
    // The raw request stands beside the messages in every instrumentation.
    [INPUT_VALUE]: JSON.stringify({ messages: inputs.length }),
    [INPUT_MIME_TYPE]: MimeType.JSON,
    ...messageAttributes(LLM_INPUT_MESSAGES, inputs),
    ...messageAttributes(LLM_OUTPUT_MESSAGES, [output]),
  }),
  tool: ({ name, args, result }) => ({
    [KIND]: OpenInferenceSpanKind.TOOL,
    [TOOL_NAME]: name,
    [INPUT_VALUE]: JSON.stringify(args),
    [INPUT_MIME_TYPE]: MimeType.JSON,
    ...(result === null ? {} : { [OUTPUT_VALUE]: result, [OUTPUT_MIME_TYPE]: MimeType.TEXT }),
  }),
};

function messageAttributes(prefix: string, messages: readonly ChatMessage[]): Attributes {
  const attributes: Attributes = {};
  for (const [index, { role, content, calls = [], callId }] of messages.entries()) {
    const at = `${prefix}.${index}`;
    attributes[`${at}.${MESSAGE_ROLE}`] = role;
    attributes[`${at}.${MESSAGE_CONTENT}`] = content;
    if (callId !== undefined) attributes[`${at}.${MESSAGE_TOOL_CALL_ID}`] = callId;
    for (const [number, call] of calls.entries()) {
      const callAt = `${at}.${MESSAGE_TOOL_CALLS}.${number}`;
      attributes[`${callAt}.${TOOL_CALL_ID}`] = call.id;
      attributes[`${callAt}.${TOOL_CALL_FUNCTION_NAME}`] = call.name;
      attributes[`${callAt}.${TOOL_CALL_FUNCTION_ARGUMENTS_JSON}`] = JSON.stringify(call.args);
    }
  }
  return attributes;
}
