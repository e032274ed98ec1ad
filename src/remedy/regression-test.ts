import { LoopsmithError } from "../model/errors.ts";
import type { RemedyExample } from "./remedy-example.ts";

/** What a generated file imports: a module as it is seen from the file, and a named export. */
export interface NamedImport {
  module: string;
  name: string;
}

export interface RegressionTestOptions {
  /** Names the suite. */
  name: string;
  /** `(inputs) => outputs`, may be async. */
  target: NamedImport;
  /** `({ inputs, outputs, referenceOutputs }) => number | { score: number }`, may be async. */
  evaluator: NamedImport;
  /** Every example must score at least this, or, with `minPassRate`, that share of them. */
  threshold: number;
  /** Below 1 the examples are one test, for applications that are not deterministic. @default 1: one test each */
  minPassRate?: number;
  /** Also write the examples only the gate has seen. Whoever reads the file then knows them. @default false */
  includeHeldOut?: boolean;
  /** Of one example. @default 60_000 */
  timeoutMs?: number;
}

/**
 * A vitest file (`*.eval.ts`) that holds a pattern's examples, so that the fixed failure stays fixed. Everything that
 * comes from traces stands in it as JSON.
 * @throws LoopsmithError `invalid` for an import name that is no identifier
 */
export function regressionTest(examples: readonly RemedyExample[], options: RegressionTestOptions): string {
  const { name, target, evaluator, threshold, minPassRate = 1, includeHeldOut = false, timeoutMs = 60_000 } = options;
  for (const imported of [target, evaluator]) checkName(imported.name);
  const chosen = examples.filter((example) => includeHeldOut || example.split === "visible");
  const cases = chosen.map(({ id, inputs, outputs }) => ({
    id,
    inputs,
    ...(outputs && { referenceOutputs: outputs }),
  }));
  return `// Written by Loopsmith from failures seen in production. Write it again rather than edit it.
import { describe, expect, test } from "vitest";
import { ${target.name} as target } from ${literal(target.module)};
import { ${evaluator.name} as evaluate } from ${literal(evaluator.module)};

interface Example {
  id: string;
  inputs: Record<string, unknown>;
  referenceOutputs?: Record<string, unknown>;
}

const examples: Example[] = ${literal(cases)};

async function scoreOf({ inputs, referenceOutputs }: Example): Promise<number> {
  const outputs = await target(structuredClone(inputs) as never);
  const result: unknown = await evaluate({ inputs, outputs, referenceOutputs } as never);
  const score = typeof result === "object" && result !== null && "score" in result ? result.score : result;
  return Number(score);
}

describe(${literal(name)}, () => {
${minPassRate < 1 ? together(threshold, minPassRate, timeoutMs) : oneByOne(threshold, timeoutMs)}
});
`;
}

function checkName(name: string): void {
  if (/^[A-Za-z_$][\w$]*$/.test(name)) return;
  throw new LoopsmithError("invalid", `"${name}" is not the name of an export.`, {
    hint: "Pass the name the module exports it under.",
  });
}

function oneByOne(threshold: number, timeoutMs: number): string {
  return `  test.each(examples)("$id", async (example) => {
    expect(await scoreOf(example)).toBeGreaterThanOrEqual(${threshold});
  }, ${timeoutMs});`;
}

function together(threshold: number, minPassRate: number, timeoutMs: number): string {
  return `  test("at least ${Number((minPassRate * 100).toFixed(1))}% pass", async () => {
    const failed: string[] = [];
    for (const example of examples) if (!((await scoreOf(example)) >= ${threshold})) failed.push(example.id);
    expect(1 - failed.length / Math.max(1, examples.length), \`failed: \${failed.join(", ")}\`).toBeGreaterThanOrEqual(${minPassRate});
  }, ${timeoutMs} * Math.max(1, examples.length));`;
}

/** JSON is a TypeScript expression; `__proto__` as a key is the one exception, and means the same when computed. */
function literal(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('"__proto__":', '["__proto__"]:');
}
