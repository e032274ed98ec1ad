import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { packageManifest } from "./package-manifest.ts";

/**
 * The file behind every name the package exports (`loopsmith`, `loopsmith/server`, ...): the modules that already run, also
 * in a clone, and in one that runs from its sources.
 */
export function packageEntries(): Record<string, string> {
  const { exports } = packageManifest();
  const extension = extname(import.meta.url);
  return Object.fromEntries(
    Object.entries(exports).map(([name, target]) => {
      const built = typeof target === "string" ? target : target.default;
      const running = built.replace(/^\.\/dist\/(.*)\.js$/, `./$1${extension}`);
      // `dist` or `src`, whichever this file lies in, else the folder of the package itself.
      const base = new URL(running === built ? "../../" : "../", import.meta.url);
      return [name.replace(/^\./, "loopsmith"), fileURLToPath(new URL(running, base))];
    }),
  );
}
