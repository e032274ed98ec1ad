import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
let compiled: string | null = null;

/** Compiles the process under test once, so that starting it a thousand times costs little. Returns the path of its entry. */
export function compileNode(): string {
  if (compiled !== null) return compiled;
  // Below node_modules, where its imports still find their packages.
  const out = `${root}node_modules/.cache/loopsmith-chaos-${process.pid}`;
  mkdirSync(out, { recursive: true });
  const config = {
    extends: `${root}tsconfig.json`,
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      rootDir: root,
      outDir: out,
      typeRoots: [`${root}node_modules/@types`],
    },
    include: [],
    files: [`${root}bench/chaos/node.ts`],
  };
  writeFileSync(`${out}/tsconfig.json`, JSON.stringify(config));
  writeFileSync(`${out}/package.json`, '{"type":"module"}');
  const tsc = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", `${out}/tsconfig.json`]);
  if (tsc.status !== 0) throw new Error(`the process under test does not compile: ${String(tsc.stdout)}`);
  return (compiled = `${out}/bench/chaos/node.js`);
}

/** Where {@link compileNode} put it, to be removed at the end; `null` when it never ran. */
export function compiledFolder(): string | null {
  return compiled === null ? null : `${root}node_modules/.cache/loopsmith-chaos-${process.pid}`;
}
