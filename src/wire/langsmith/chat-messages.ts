import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";

/** A message of OpenAI's chat API. */
export interface ChatMessage {
  role: string;
  content: Json;
  [field: string]: Json;
}

/** LangChain's names of roles; others are kept. */
const ROLES: ReadonlyMap<string, string> = new Map([
  ["human", "user"],
  ["ai", "assistant"],
  ["AIMessage", "assistant"],
  ["HumanMessage", "user"],
  ["SystemMessage", "system"],
  ["FunctionMessage", "function"],
  ["ToolMessage", "tool"],
]);

/** What OpenAI's API knows of a message beside role and content. */
const EXTRAS = ["name", "tool_calls", "function_call", "tool_call_id"] as const;

/**
 * The messages in inputs or outputs of an example, whichever form they came in: OpenAI's own, LangChain's stored
 * (`{ type, data }`) or serialised (`{ id, kwargs }`) one, or plain text, which gets the role. `null` where there are none.
 */
export function chatMessages(document: JsonObject, role: string): ChatMessage[] | null {
  const values = Object.values(document);
  const named = document["messages"] ?? document["input"] ?? document["output"];
  const found = named ?? (values.length === 1 ? values[0] : undefined);
  if (typeof found === "string") return [{ role, content: found }];
  const list = Array.isArray(found) ? found : [found];
  const messages = list.map((item) => (item === undefined ? null : chatMessage(item)));
  return messages.length > 0 && messages.every((message) => message !== null) ? messages : null;
}

function chatMessage(value: Json): ChatMessage | null {
  if (!isJsonObject(value)) return null;
  if (typeof value["role"] === "string") return withExtras(value["role"], value, value);
  const { data, kwargs, id, type } = value;
  if (typeof type === "string" && isJsonObject(data)) return withExtras(type, data, data["additional_kwargs"]);
  const name = Array.isArray(id) ? id.at(-1) : undefined;
  if (typeof name === "string" && isJsonObject(kwargs)) return withExtras(name, kwargs, kwargs["additional_kwargs"]);
  return typeof type === "string" && "content" in value ? withExtras(type, value, value) : null;
}

function withExtras(role: string, message: JsonObject, extras: Json | undefined): ChatMessage {
  const chat: ChatMessage = { role: ROLES.get(role) ?? role, content: message["content"] ?? "" };
  for (const name of EXTRAS) {
    const value = message[name] ?? (isJsonObject(extras) ? extras[name] : undefined);
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) chat[name] = value;
  }
  return chat;
}
