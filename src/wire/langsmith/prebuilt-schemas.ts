import type { JsonObject } from "../../model/json.ts";

/** One message of OpenAI's chat API. */
const MESSAGE: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Message",
  type: "object",
  required: ["role"],
  properties: {
    role: { enum: ["system", "developer", "user", "assistant", "tool", "function"] },
    content: {
      anyOf: [
        { type: ["string", "null"] },
        { type: "array", items: { type: "object", required: ["type"], properties: { type: { type: "string" } } } },
      ],
    },
    name: { type: ["string", "null"] },
    tool_call_id: { type: "string" },
    tool_calls: {
      type: ["array", "null"],
      items: {
        type: "object",
        required: ["id", "type", "function"],
        properties: {
          id: { type: "string" },
          type: { const: "function" },
          function: {
            type: "object",
            required: ["name", "arguments"],
            properties: { name: { type: "string" }, arguments: { type: "string" } },
          },
        },
      },
    },
  },
};

/** One tool as OpenAI's chat API is told of it. */
const TOOL: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "ToolDef",
  type: "object",
  required: ["type", "function"],
  properties: {
    type: { const: "function" },
    function: {
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string" },
        description: { type: ["string", "null"] },
        parameters: { type: ["object", "null"] },
        strict: { type: ["boolean", "null"] },
      },
    },
  },
};

/** LangSmith's prebuilt types for dataset schemas, by file name; the wording is ours. */
export const PREBUILT_SCHEMAS: ReadonlyMap<string, JsonObject> = new Map([
  ["message.json", MESSAGE],
  ["tooldef.json", TOOL],
]);

const ADDRESS = /^https?:\/\/[^/]+(?:\/api)?\/public\/schemas\/v1\/([a-z]+\.json)$/;

/** The prebuilt type a `$ref` means, on whichever LangSmith it lies. Nothing is fetched. */
export function prebuiltSchema(address: string): JsonObject | undefined {
  return PREBUILT_SCHEMAS.get(ADDRESS.exec(address)?.[1] ?? "");
}
