import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { listIn, parsed } from "./attributes.ts";
import type { OtelEvent } from "./otel-span.ts";

/**
 * One message of `gen_ai.prompt.<n>.*`, `gen_ai.completion.<n>.*` (OpenLLMetry) or `llm.input_messages.<n>.message.*`
 * (OpenInference), in the form chat APIs have: `{ role, content, tool_calls? }`.
 */
export function flatMessage(entry: ReadonlyMap<string, Json>): JsonObject {
  const fields = new Map([...entry].map(([key, value]) => [key.replace(/^message\./, ""), value]));
  const calls = listIn(fields, "tool_calls").map(toolCall);
  const legacyCall = legacyFunctionCall(fields);
  if (legacyCall) calls.push(legacyCall);
  const parts = listIn(fields, "contents").map(contentPart);
  const content = fields.get("content") ?? (parts.length > 0 ? parts : "");
  return {
    role: fields.get("role") ?? "user",
    content,
    ...pick(fields, ["name", "tool_call_id", "finish_reason"]),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function toolCall(entry: ReadonlyMap<string, Json>): JsonObject {
  const field = (name: string): Json | undefined => entry.get(`tool_call.${name}`) ?? entry.get(name);
  return call(field("id"), field("function.name") ?? field("name"), field("function.arguments") ?? field("arguments"));
}

function call(id: Json | undefined, name: Json | undefined, args: Json | undefined): JsonObject {
  return {
    ...(id === undefined || id === null ? {} : { id }),
    type: "function",
    function: { name: name ?? "", arguments: typeof args === "string" ? args : JSON.stringify(args ?? {}) },
  };
}

function legacyFunctionCall(fields: ReadonlyMap<string, Json>): JsonObject | null {
  const name = fields.get("function_call.name") ?? fields.get("function_call_name");
  if (name === undefined) return null;
  return call(undefined, name, fields.get("function_call.arguments") ?? fields.get("function_call_arguments_json"));
}

function contentPart(entry: ReadonlyMap<string, Json>): JsonObject {
  const field = (name: string): Json | undefined => entry.get(`message_content.${name}`);
  const url = field("image.image.url");
  return url === undefined
    ? { type: field("type") ?? "text", text: field("text") ?? "" }
    : { type: "image_url", image_url: { url } };
}

function pick(fields: ReadonlyMap<string, Json>, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => fields.has(name)).map((name) => [name, fields.get(name)]));
}

/**
 * Messages of `gen_ai.input.messages` and `gen_ai.output.messages`, whose content comes in parts. Texts become the
 * content, tool calls and their answers take the form chat APIs have; parts of other kinds are kept as they are.
 */
export function partsMessages(value: Json | undefined): JsonObject[] | undefined {
  const list = value === undefined ? undefined : parsed(value);
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((message) =>
    isJsonObject(message) ? partsMessage(message) : [{ role: "user", content: message }],
  );
}

function partsMessage(message: JsonObject): JsonObject[] {
  const parts = message["parts"];
  if (!Array.isArray(parts)) return [message];
  const texts: Json[] = [];
  const others: Json[] = [];
  const calls: JsonObject[] = [];
  const answers: JsonObject[] = [];
  for (const part of parts) {
    const type = isJsonObject(part) ? part["type"] : undefined;
    if (!isJsonObject(part)) texts.push(part);
    else if (type === "text") texts.push(part["content"] ?? "");
    else if (type === "tool_call") calls.push(call(part["id"], part["name"], part["arguments"]));
    else if (type === "tool_call_response") answers.push(toolAnswer(part));
    else others.push(part);
  }
  const content = others.length > 0 ? [...texts.map(textPart), ...others] : texts.map(asText).join("\n");
  const own: JsonObject = {
    role: message["role"] ?? "user",
    content,
    ...(message["name"] === undefined ? {} : { name: message["name"] }),
    ...(message["finish_reason"] === undefined ? {} : { finish_reason: message["finish_reason"] }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const empty = texts.length + others.length + calls.length === 0;
  return empty && answers.length > 0 ? answers : [own, ...answers];
}

function toolAnswer(part: JsonObject): JsonObject {
  const answer = part["response"] ?? part["result"] ?? "";
  return { role: "tool", content: asText(answer), ...(part["id"] === undefined ? {} : { tool_call_id: part["id"] }) };
}

function textPart(text: Json): JsonObject {
  return { type: "text", text: asText(text) };
}

export function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `gen_ai.system_instructions`, a list of parts, as the system message it stands for. */
export function systemMessage(value: Json | undefined): JsonObject[] {
  if (value === undefined) return [];
  const parts = parsed(value);
  const texts = Array.isArray(parts)
    ? parts.map((part) => (isJsonObject(part) ? (part["content"] ?? "") : part))
    : [parts];
  return [{ role: "system", content: texts.map(asText).join("\n") }];
}

const INPUT_EVENTS = /^gen_ai\.(system|user|tool)\.message$/;

/** Messages that came as span events (`gen_ai.user.message`, `gen_ai.choice`, ...), inputs and outputs apart. */
export function eventMessages(events: readonly OtelEvent[]): { inputs: JsonObject[]; outputs: JsonObject[] } {
  const inputs: JsonObject[] = [];
  const outputs: JsonObject[] = [];
  // An assistant's message before the answer is history.
  const answered = events.some((event) => event.name === "gen_ai.choice");
  for (const { name, attributes } of events) {
    const role = INPUT_EVENTS.exec(name)?.[1];
    if (role !== undefined) inputs.push(eventMessage(role, attributes));
    else if (name === "gen_ai.assistant.message")
      (answered ? inputs : outputs).push(eventMessage("assistant", attributes));
    else if (name === "gen_ai.choice") outputs.push(eventMessage("assistant", attributes));
  }
  return { inputs, outputs };
}

function eventMessage(role: string, attributes: ReadonlyMap<string, Json>): JsonObject {
  const whole = parsed(attributes.get("gen_ai.event.content") ?? attributes.get("message") ?? "");
  if (isJsonObject(whole)) {
    const inner = isJsonObject(whole["message"]) ? whole["message"] : whole;
    return { ...inner, role: inner["role"] ?? role, content: inner["content"] ?? "" };
  }
  const message = flatMessage(attributes);
  const id = attributes.get("id");
  return {
    ...message,
    role: attributes.get("role") ?? attributes.get("message.role") ?? role,
    ...(role === "tool" && id !== undefined ? { tool_call_id: id } : {}),
  };
}
