import { existsSync } from "node:fs";

const built = new URL("../dist/", import.meta.url);

/** Whether the package is built: what users run is what should be measured. */
export const isBuilt = existsSync(new URL("index.js", built));

/** A module of the built package, or of the sources where there is none; `path` without extension, from `src`. */
export async function loadBuilt<Module>(path: string): Promise<Module> {
  const url = isBuilt ? new URL(`${path}.js`, built) : new URL(`../src/${path}.ts`, import.meta.url);
  return (await import(url.href)) as Module;
}
