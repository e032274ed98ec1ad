import { isJsonObject } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { LangSmithRun } from "../wire/langsmith-run.ts";
import type { EvaluatorInput, EvaluatorTarget } from "./evaluator.ts";
import { textOf } from "./text/text-of.ts";

/**
 * Where an input comes from. A path of dots over the run judged (`outputs.answer`, `inputs.messages.0.content`, `*` for
 * every element of an array, `metadata.x`, `root.inputs.question`, `example.outputs.answer`), or a function.
 */
export type InputSource = string | ((run: LangSmithRun, input: EvaluatorTarget) => unknown);

/** Declared inputs by name. */
export type InputMapping = Readonly<Record<string, InputSource>>;

/** What the mapping yields: what its functions return, and JSON for paths. Missing values never get here unless optional. */
export type MappedInputs<M extends InputMapping, O extends keyof M = never> = {
  [K in keyof M]:
    | (M[K] extends (...args: never[]) => infer R ? NonNullable<R> : Json)
    | (K extends O ? undefined : never);
};

/** The value at `path`, `undefined` when any step of it is missing. Only own properties are followed. */
function readPath(path: string, target: EvaluatorTarget): unknown {
  const [head = "", ...rest] = path.split(".");
  return follow(startOf(head, target), rest);
}

/** Reads a path, or calls a function; `null` counts as missing. */
export function readSource(source: InputSource, target: EvaluatorTarget): unknown {
  return (typeof source === "function" ? source(target.run, target) : readPath(source, target)) ?? undefined;
}

/** A source that yields text: the path's value, with messages, documents and nested objects flattened to what they say. */
export function text(path: string): (run: LangSmithRun, input: EvaluatorTarget) => string | undefined {
  return (_run, input) => {
    const value = readPath(path, input);
    return value === undefined || value === null ? undefined : textOf(value);
  };
}

/** All declared inputs, and the names of required ones that are missing. */
export function readInputs(
  mapping: InputMapping,
  optional: readonly PropertyKey[],
  input: EvaluatorInput,
): { values: Record<string, unknown>; missing: string[] } {
  const entries = Object.entries(mapping).map(([name, source]) => [name, readSource(source, input)] as const);
  const missing = entries
    .filter(([name, value]) => value === undefined && !optional.includes(name))
    .map(([name]) => name);
  return { values: Object.fromEntries(entries), missing };
}

function startOf(head: string, target: EvaluatorTarget): unknown {
  if (head === "root") return target.root;
  if (head === "run") return target.run;
  if (head === "example") return target.example;
  if (head === "metadata") return target.run.extra.metadata;
  return step(target.run, head);
}

function follow(start: unknown, path: readonly string[]): unknown {
  let value = start;
  for (const [index, name] of path.entries()) {
    if (name === "*") {
      if (!Array.isArray(value)) return undefined;
      const rest = path.slice(index + 1);
      return value.map((item) => follow(item, rest)).filter((item) => item !== undefined);
    }
    value = name === "metadata" && isRun(value) ? value.extra.metadata : step(value, name);
  }
  return value;
}

function step(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function isRun(value: unknown): value is LangSmithRun {
  return isJsonObject(value) && isJsonObject(value.extra) && !Object.hasOwn(value, "metadata");
}
