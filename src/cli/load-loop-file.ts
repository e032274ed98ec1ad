import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createJiti } from "jiti";
import type { FeedbackLoop } from "../loop.ts";
import type { LoopDeclaration } from "../loop/define-loop.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { packageEntries } from "./package-entries.ts";

export interface LoopFile {
  loops: (LoopDeclaration | FeedbackLoop)[];
  /**
   * Named export `source`: sends a finite set of traces (a replay, an import). With it, `loopsmith run` ends when
   * everything it sent is judged and delivered.
   */
  source: ((progress: (text: string) => void) => Promise<void>) | null;
}

const DEFAULT_FILES = ["ts", "mts", "js", "mjs"].map((extension) => `loopsmith.config.${extension}`);

/**
 * The loop file of a command: the one named, or the `loopsmith.config.ts` (`.mts`, `.js`, `.mjs`) of the current folder.
 * @throws LoopsmithError `invalid` when none is named and there is none
 */
export function loopFileOf(named: string | undefined): string {
  const file = named ?? DEFAULT_FILES.find((name) => existsSync(name));
  if (file !== undefined) return file;
  throw new LoopsmithError("invalid", "no loop file is named, and this folder has no loopsmith.config.ts", {
    hint: "Name one, or put your loops into loopsmith.config.ts; `loopsmith help run` shows a loop file.",
  });
}

/**
 * Loads a TypeScript or JavaScript file without a build step.
 * @throws LoopsmithError `not_found`, or `invalid` when the file does not load or exports no loop
 */
export async function loadLoopFile(file: string): Promise<LoopFile> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new LoopsmithError("not_found", `there is no file ${file}`, {
      hint: "Give the path of a file that exports a loop; `loopsmith help run` shows one.",
    });
  }
  let module: Record<string, unknown>;
  try {
    // Resolving `loopsmith` to this very package lets a loop file inside the repository import it by name.
    module = await createJiti(import.meta.url, { alias: packageEntries(), interopDefault: false }).import(path);
  } catch (error) {
    if (LoopsmithError.isInstance(error)) throw error;
    throw new LoopsmithError("invalid", `${file} does not load: ${errorMessage(error)}`, {
      hint: "Run it with your own TypeScript first; the message names the line.",
      cause: error,
    });
  }
  // What CommonJS exports is the module itself, and a loop may be made asynchronously.
  const exported = await ((module["default"] ?? module) as object | Promise<object>);
  const loops = (Array.isArray(exported) ? exported : [exported]) as unknown[];
  if (!loops.every(isLoopLike)) {
    const found =
      module["default"] === undefined
        ? `it exports ${Object.keys(module).join(", ") || "nothing"}`
        : "its default export is none";
    throw new LoopsmithError("invalid", `${file} exports no loop; ${found}`, {
      hint: "export default defineLoop({ projectName, evaluator, threshold, onFailure }), or a createFeedbackLoop(...).",
    });
  }
  const source = module["source"];
  return {
    loops: loops as LoopFile["loops"],
    source: typeof source === "function" ? (source as NonNullable<LoopFile["source"]>) : null,
  };
}

export function isRunningLoop(value: LoopDeclaration | FeedbackLoop): value is FeedbackLoop {
  return "runOnce" in value;
}

function isLoopLike(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    ("runOnce" in value || "evaluator" in value || "projectName" in value)
  );
}
