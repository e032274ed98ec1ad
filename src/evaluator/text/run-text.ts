import { isJsonObject } from "../../model/json.ts";
import type { LangSmithRun } from "../../wire/langsmith-run.ts";
import { textOf } from "./text-of.ts";

/** What was asked: the usual question fields of the inputs, else the last user message, else every text in them. */
export function questionText(run: LangSmithRun): string {
  const named = firstField(run.inputs, ["question", "query", "input", "prompt", "user_input", "text"]);
  if (named !== undefined) return textOf(lastOf(named, USER_ROLES));
  return textOf(lastOf(run.inputs.messages, USER_ROLES) ?? run.inputs);
}

/** What was answered: the usual answer fields of the outputs, else the last message, else every text in them. Empty without outputs. */
export function answerText(run: LangSmithRun): string {
  const outputs: unknown = run.outputs;
  if (!isJsonObject(outputs)) return "";
  const named = firstField(outputs, [
    "answer",
    "output",
    "outputs",
    "response",
    "result",
    "completion",
    "text",
    "content",
  ]);
  if (named !== undefined) return textOf(lastOf(named, ANSWER_ROLES));
  if (Array.isArray(outputs.messages)) return textOf(lastOf(outputs.messages, ANSWER_ROLES));
  // OpenAI: choices[0].message.content; LangChain: generations[0][0].text.
  const choices = outputs.choices ?? outputs.generations;
  return textOf(Array.isArray(choices) ? choices[0] : outputs);
}

/** The documents a retriever run returned, one text each. */
export function documentTexts(run: LangSmithRun): string[] {
  const outputs: unknown = run.outputs;
  if (!isJsonObject(outputs)) return [];
  const list = firstField(outputs, [
    "documents",
    "docs",
    "results",
    "matches",
    "context",
    "contexts",
    "output",
    "outputs",
    "chunks",
  ]);
  const items = Array.isArray(list) ? list : list === undefined ? Object.values(outputs) : [list];
  return items.map(textOf).filter((text) => text.trim() !== "");
}

/** Every run of the subtree, the run itself first, in start order of each level. */
export function subtree(run: LangSmithRun): LangSmithRun[] {
  const runs: LangSmithRun[] = [];
  const pending = [run];
  for (let next = pending.pop(); next; next = pending.pop()) {
    runs.push(next);
    for (let i = next.child_runs.length - 1; i >= 0; i--) pending.push(next.child_runs[i] as LangSmithRun);
  }
  return runs;
}

const USER_ROLES: ReadonlySet<unknown> = new Set(["user", "human"]);
const ANSWER_ROLES: ReadonlySet<unknown> = new Set(["assistant", "ai"]);

/** The last message by one of the roles, the last of a list without such, or the value itself when it is no list. */
function lastOf(value: unknown, roles: ReadonlySet<unknown>): unknown {
  if (!Array.isArray(value)) return value;
  // Batches of message lists, as LangChain's chat models log them.
  const list: unknown[] = Array.isArray(value[0]) ? value[0] : value;
  if (!list.every((item) => isJsonObject(item))) return value;
  return list.findLast((item) => isJsonObject(item) && roles.has(item.role ?? item.type)) ?? list.at(-1);
}

function firstField(value: Record<string, unknown>, names: readonly string[]): unknown {
  for (const name of names) {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    if (field !== undefined && field !== null && field !== "") return field;
  }
  return undefined;
}
