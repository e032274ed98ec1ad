import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { TokenUsage } from "../../model/trace.ts";
import type { JsonShape } from "../json-scan.ts";
import { passesOnUsage } from "../passes-on-usage.ts";
import { MAX_PARSED_BYTES, memberOf, parseSlice } from "./parse-slice.ts";

/**
 * Tokens and cost where LangSmith's clients put them: on the run, in `extra.metadata.usage_metadata`, or in the outputs
 * (`usage_metadata`, `llm_output.token_usage`, a generation's message, OpenAI's and Anthropic's own `usage`). Outputs of
 * chains are not looked at: they pass on what a model call below has already counted. `undefined` when nowhere.
 */
export function usageOfRun(
  fields: JsonObject,
  metadata: JsonObject | undefined,
  outputs: { bytes: Uint8Array; shape: JsonShape } | undefined,
): TokenUsage | undefined {
  const told = countsOf(fields) ?? countsOf(metadata?.["usage_metadata"]);
  if (told || !outputs || passesOnUsage(fields["run_type"])) return told;
  if (!mentionsUsage(outputs.bytes)) return undefined;
  const read = (name: string): Json | undefined => {
    const bytes = memberOf(outputs.bytes, outputs.shape, name);
    return bytes === undefined || bytes.byteLength > MAX_PARSED_BYTES ? undefined : parseSlice(bytes, name);
  };
  const llmOutput = read("llm_output");
  return (
    countsOf(read("usage_metadata")) ??
    (isJsonObject(llmOutput) ? countsOf(llmOutput["token_usage"]) : undefined) ??
    usageInMessages(read("generations")) ??
    usageInMessages(read("message")) ??
    usageInMessages(read("messages")) ??
    countsOf(read("usage"))
  );
}

const MENTIONS = ['"usage_metadata"', '"token_usage"', '"usage"'].map((word) => Buffer.from(word));

/** Most outputs hold no usage; looking for the word costs far less than parsing. */
function mentionsUsage(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return MENTIONS.some((word) => buffer.includes(word));
}

/** Sums over generations (LangChain: a list of lists of `{ message }`) and messages. */
function usageInMessages(value: Json | undefined): TokenUsage | undefined {
  if (Array.isArray(value)) return value.map(usageInMessages).reduce(add, undefined);
  if (!isJsonObject(value)) return undefined;
  const inside = isJsonObject(value["message"]) ? value["message"] : value;
  const message = isJsonObject(inside["kwargs"]) ? inside["kwargs"] : inside;
  return countsOf(message["usage_metadata"]);
}

function add(sum: TokenUsage | undefined, next: TokenUsage | undefined): TokenUsage | undefined {
  if (!sum || !next) return sum ?? next;
  const total: TokenUsage = {};
  for (const name of ["promptTokens", "completionTokens", "totalTokens", "cost"] as const) {
    if (sum[name] !== undefined || next[name] !== undefined) total[name] = (sum[name] ?? 0) + (next[name] ?? 0);
  }
  return total;
}

/** Counts by any of the names in use; the total is the sum where it is not given. */
export function countsOf(value: Json | undefined): TokenUsage | undefined {
  if (!isJsonObject(value)) return undefined;
  const prompt = count(value["input_tokens"] ?? value["prompt_tokens"] ?? value["promptTokens"]);
  const completion = count(value["output_tokens"] ?? value["completion_tokens"] ?? value["completionTokens"]);
  const sum = prompt === undefined && completion === undefined ? undefined : (prompt ?? 0) + (completion ?? 0);
  const total = count(value["total_tokens"] ?? value["totalTokens"]) ?? sum;
  const cost = count(value["total_cost"]) ?? addCosts(count(value["input_cost"]), count(value["output_cost"]));
  if (total === undefined && cost === undefined) return undefined;
  return {
    ...(prompt === undefined ? {} : { promptTokens: prompt }),
    ...(completion === undefined ? {} : { completionTokens: completion }),
    ...(total === undefined ? {} : { totalTokens: total }),
    ...(cost === undefined ? {} : { cost }),
  };
}

function addCosts(input: number | undefined, output: number | undefined): number | undefined {
  return input === undefined && output === undefined ? undefined : (input ?? 0) + (output ?? 0);
}

function count(value: Json | undefined): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}
