import { existsSync, readFileSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LoopsmithError } from "../model/errors.ts";
import type { Evaluator } from "./evaluator.ts";
import { isolatedEvaluate } from "./isolation/isolated-evaluate.ts";
import type { IsolationOptions } from "./isolation/isolation-options.ts";
import { loadEvaluator } from "./isolation/load-evaluator.ts";

export interface FromModuleOptions extends Partial<Omit<Evaluator, "evaluate" | "isolated">> {
  /** Which export of the module is the evaluator. @default "default" */
  export?: string;
  /** @default the export's name, else the file's */
  name?: string;
  /**
   * Runs it in a process of its own, with a memory limit, without network, writable files, threads, child processes or
   * this process's environment, and kills it at the timeout. An object grants more. @default false
   */
  isolate?: boolean | IsolationOptions;
}

/**
 * An evaluator from a module file: any function or object a loop takes, exported from JavaScript or TypeScript. What the
 * evaluator declares about itself stays in its module; `on`, `cost`, `range` and `timeoutMs` are given here, because with
 * `isolate` the module is never loaded into this process.
 *
 * @param module a file URL (`new URL("./judge.ts", import.meta.url)`), or a path from the working directory
 * @throws LoopsmithError `not_found` for a file that is not there, or an export that its text does not name; `invalid` for an
 * option out of range; `not_implemented` when this system cannot isolate as asked
 */
export function fromModule(module: URL | string, options: FromModuleOptions = {}): Evaluator {
  const { export: exported = "default", isolate = false, ...given } = options;
  const url =
    typeof module === "string" && !module.startsWith("file:") ? pathToFileURL(resolve(module)) : new URL(module);
  const file = fileURLToPath(url);
  assertExport(file, exported);
  const name = given.name ?? (exported === "default" ? basename(file, extname(file)) : exported);
  const version = given.version ?? "1";
  const settings = { module: url.href, export: exported, name, version };
  const declared = { ...given, name, version, on: given.on ?? ("trace" as const) };
  if (isolate !== false) {
    return { ...declared, isolated: true, evaluate: isolatedEvaluate(settings, isolate === true ? {} : isolate) };
  }
  let loading: Promise<Evaluator> | undefined;
  return { ...declared, evaluate: async (input) => (await (loading ??= loadEvaluator(settings))).evaluate(input) };
}

/** As far as can be told without running the module. */
function assertExport(file: string, exported: string): void {
  if (!existsSync(file)) {
    throw new LoopsmithError("not_found", `there is no evaluator module ${file}`, {
      hint: 'Give a path from the working directory, or new URL("./judge.ts", import.meta.url).',
    });
  }
  const text = readFileSync(file, "utf8");
  // What comes by `export *` or from CommonJS is named elsewhere.
  if (/export\s*\*|\bexports\b/.test(text) || text.includes(exported)) return;
  throw new LoopsmithError("not_found", `${file} has no export "${exported}"`, {
    hint: "Name the evaluator's export with `export`; without it, the default export is meant.",
  });
}
