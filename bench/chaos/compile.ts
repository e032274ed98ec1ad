import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Below node_modules, where what is not bundled still finds its packages.
const folder = `${root}node_modules/.cache/loopsmith-chaos-${process.pid}`;
let built: Promise<string> | null = null;

/** The process under test, and the threads it starts, which look for themselves beside it. */
const ENTRIES = {
  node: `${root}bench/chaos/node.ts`,
  "write-worker": `${root}src/store/sqlite/write-worker.ts`,
  "scan-worker": `${root}src/store/sqlite/scan-worker.ts`,
};

/** Bundles the process under test once: loading some hundred files would cost most of a start, and there are thousands. */
export function compileNode(): Promise<string> {
  return (built ??= compile());
}

async function compile(): Promise<string> {
  await using bundle = await rolldown({
    input: ENTRIES,
    platform: "node",
    // Native code, and what is loaded only where it is installed.
    external: [/^@photostructure/, "pg", "nodemailer"],
    transform: { target: "node20" },
    logLevel: "silent",
  });
  await bundle.write({ dir: folder, format: "esm", chunkFileNames: "[name].js" });
  return `${folder}/node.js`;
}

/** Removes what was built; does nothing when nothing was. */
export function removeCompiled(): void {
  rmSync(folder, { recursive: true, force: true });
}
