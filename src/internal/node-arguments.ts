import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * What `node` is given to run a module of ours as a process. `module` is its URL without the extension, which follows the
 * caller's: `.ts` in a checkout, where jiti loads it, `.js` in the package.
 */
export function nodeArguments(module: URL, callerUrl: string): string[] {
  const isSource = callerUrl.endsWith(".ts");
  const file = fileURLToPath(`${module.href}.${isSource ? "ts" : "js"}`);
  if (!isSource) return [file];
  const [jiti, path] = [createRequire(import.meta.url).resolve("jiti"), file].map((text) => JSON.stringify(text));
  return ["-e", `require(${jiti}).createJiti(${path}, { fsCache: false }).import(${path})`];
}
