import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Loads a TypeScript module where Node cannot do so by itself: only in a checkout, never in the published package. */
const LOAD_TYPESCRIPT = `
  const [jiti, file] = process.argv.slice(1);
  require(jiti).createJiti(file, { fsCache: false }).import(file);
`;

/**
 * What `node` is given to run a module of ours as a process. `module` is its URL without the extension, which follows the
 * caller's: `.ts` in a checkout, `.js` in the package. What is appended arrives at the end of `process.argv`.
 */
export function nodeArguments(module: URL, callerUrl: string): string[] {
  const isSource = callerUrl.endsWith(".ts");
  const file = fileURLToPath(`${module.href}.${isSource ? "ts" : "js"}`);
  return isSource ? ["-e", LOAD_TYPESCRIPT, createRequire(import.meta.url).resolve("jiti"), file] : [file];
}
