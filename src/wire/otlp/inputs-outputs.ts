import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { SpanKind } from "../../model/trace.ts";
import { parsed, type Attributes } from "./attributes.ts";
import { eventMessages, flatMessage, partsMessages, systemMessage } from "./messages.ts";
import type { OtelEvent } from "./otel-span.ts";

export interface InputsOutputs {
  inputs: JsonObject | undefined;
  outputs: JsonObject | undefined;
}

/** What went in and came out, by whichever convention the span follows; the most structured telling wins. */
export function inputsOutputs(kind: SpanKind, attributes: Attributes, events: readonly OtelEvent[]): InputsOutputs {
  const told = eventMessages(events);
  return {
    inputs:
      inputsOf(kind, attributes, told.inputs) ??
      contentEvent(events, "gen_ai.content.prompt", "gen_ai.prompt", "input"),
    outputs:
      outputsOf(kind, attributes, told.outputs) ??
      contentEvent(events, "gen_ai.content.completion", "gen_ai.completion", "output"),
  };
}

function inputsOf(kind: SpanKind, attributes: Attributes, fromEvents: JsonObject[]): JsonObject | undefined {
  return (
    whole(attributes.json("gen_ai.prompt"), "input") ??
    genAiInputs(attributes) ??
    messages(attributes.list("gen_ai.prompt").map(flatMessage)) ??
    messages(attributes.list("llm.input_messages").map(flatMessage)) ??
    (kind === "tool" ? toolInputs(attributes) : undefined) ??
    (kind === "embedding" ? embeddingInputs(attributes) : undefined) ??
    (kind === "retriever" ? rerankerInputs(attributes) : undefined) ??
    whole(attributes.json("input.value"), "input") ??
    whole(attributes.json("traceloop.entity.input"), "input") ??
    messages(fromEvents) ??
    vercelInputs(attributes) ??
    whole(attributes.json("gen_ai.retrieval.query.text", "prompt", "input"), "input") ??
    logfireEvents(attributes)?.inputs
  );
}

function outputsOf(kind: SpanKind, attributes: Attributes, fromEvents: JsonObject[]): JsonObject | undefined {
  return (
    whole(attributes.json("gen_ai.completion"), "output") ??
    messages(partsMessages(attributes.take("gen_ai.output.messages"))) ??
    messages(
      attributes
        .list("gen_ai.completion")
        .map((entry) => ({ ...flatMessage(entry), role: entry.get("role") ?? "assistant" })),
    ) ??
    messages(attributes.list("llm.output_messages").map(flatMessage)) ??
    documents(attributes, "retrieval.documents", "reranker.output_documents") ??
    (kind === "tool" ? whole(attributes.json("gen_ai.tool.call.result"), "output") : undefined) ??
    whole(attributes.json("output.value"), "output") ??
    whole(attributes.json("traceloop.entity.output"), "output") ??
    messages(fromEvents) ??
    vercelOutputs(attributes) ??
    messages(partsMessages(attributes.take("pydantic_ai.all_messages", "all_messages_events"))) ??
    whole(attributes.json("gen_ai.retrieval.documents", "output"), "output") ??
    logfireEvents(attributes)?.outputs
  );
}

/** An object is taken as it is, anything else under LangSmith's own key for it. */
function whole(value: Json | undefined, key: "input" | "output"): JsonObject | undefined {
  if (value === undefined) return undefined;
  return isJsonObject(value) ? value : { [key]: value };
}

function messages(list: JsonObject[] | undefined): JsonObject | undefined {
  return list && list.length > 0 ? { messages: list } : undefined;
}

function genAiInputs(attributes: Attributes): JsonObject | undefined {
  const history = partsMessages(attributes.take("gen_ai.input.messages"));
  const system = systemMessage(attributes.take("gen_ai.system_instructions"));
  return messages([...system, ...(history ?? [])]);
}

function toolInputs(attributes: Attributes): JsonObject | undefined {
  return whole(attributes.json("gen_ai.tool.call.arguments", "tool_arguments", "tool.parameters"), "input");
}

function embeddingInputs(attributes: Attributes): JsonObject | undefined {
  const texts = attributes.list("embedding.embeddings").map((entry) => entry.get("embedding.text") ?? null);
  return texts.length > 0 ? { input: texts.length === 1 ? (texts[0] ?? null) : texts } : undefined;
}

function rerankerInputs(attributes: Attributes): JsonObject | undefined {
  const candidates = documents(attributes, "reranker.input_documents");
  const query = attributes.take("reranker.query");
  return candidates && { ...(query === undefined ? {} : { query }), ...candidates };
}

/** Documents in the form LangSmith shows them: `{ page_content, metadata }`. */
function documents(attributes: Attributes, ...prefixes: string[]): JsonObject | undefined {
  for (const prefix of prefixes) {
    const list = attributes.list(prefix);
    if (list.length === 0) continue;
    return {
      documents: list.map((entry) => {
        const metadata = parsed(entry.get("document.metadata") ?? {});
        const score = entry.get("document.score");
        const id = entry.get("document.id");
        return {
          page_content: entry.get("document.content") ?? "",
          metadata: {
            ...(isJsonObject(metadata) ? metadata : { metadata }),
            ...(score === undefined ? {} : { score }),
          },
          type: "Document",
          ...(id === undefined ? {} : { id }),
        };
      }),
    };
  }
  return undefined;
}

function vercelInputs(attributes: Attributes): JsonObject | undefined {
  const list = attributes.json("ai.prompt.messages");
  if (Array.isArray(list)) return { messages: list };
  return whole(attributes.json("ai.prompt", "ai.toolCall.args", "ai.toolCall.input", "ai.value", "ai.values"), "input");
}

function vercelOutputs(attributes: Attributes): JsonObject | undefined {
  const content = attributes.text("ai.response.text", "ai.result.text");
  const calls = attributes.json("ai.response.toolCalls", "ai.result.toolCalls");
  if (content !== undefined || calls !== undefined) {
    return messages([
      { role: "assistant", content: content ?? "", ...(calls === undefined ? {} : { tool_calls: calls }) },
    ]);
  }
  return whole(
    attributes.json("ai.response.object", "ai.result.object", "ai.toolCall.result", "ai.toolCall.output"),
    "output",
  );
}

/** Logfire keeps the events of a chat in one attribute; the choice is what came out. */
function logfireEvents(attributes: Attributes): { inputs?: JsonObject; outputs?: JsonObject } | undefined {
  const list = attributes.json("events");
  if (!Array.isArray(list)) return undefined;
  const entries = list.filter(isJsonObject);
  const choices = entries.filter((entry) => entry["event.name"] === "gen_ai.choice");
  const inputs = messages(entries.filter((entry) => !choices.includes(entry)));
  const outputs = messages(choices.map((entry) => (isJsonObject(entry["message"]) ? entry["message"] : entry)));
  return { ...(inputs ? { inputs } : {}), ...(outputs ? { outputs } : {}) };
}

function contentEvent(
  events: readonly OtelEvent[],
  name: string,
  attribute: string,
  key: "input" | "output",
): JsonObject | undefined {
  const event = events.find((candidate) => candidate.name === name);
  const value = event?.attributes.get(attribute);
  return value === undefined || value === null ? undefined : whole(parsed(value), key);
}
