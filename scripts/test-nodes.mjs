// Runs the tests on every supported line of Node: node scripts/test-nodes.mjs [20 22 24 26] [-- test filters]
// The npm package `node` brings each binary; it lands in a folder of its own, outside the project.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const separator = process.argv.indexOf("--");
const chosen = process.argv.slice(2, separator === -1 ? undefined : separator);
const filters = separator === -1 ? [] : process.argv.slice(separator + 1);
const lines = chosen.length > 0 ? chosen : ["20", "22", "24", "26"];
const failures = [];
for (const line of lines) {
  const folder = join(tmpdir(), `loopsmith-node-${line}`);
  mkdirSync(folder, { recursive: true });
  const install = [
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--no-package-lock",
    "--foreground-scripts",
    `node@${line}`,
  ];
  if (spawnSync("npm", install, { stdio: "inherit" }).status !== 0) {
    failures.push(`${line} (install)`);
    continue;
  }
  const bin = join(folder, "node_modules", "node", "bin");
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const version = spawnSync("node", ["--version"], { env, encoding: "utf8" }).stdout.trim();
  process.stdout.write(`\n==== Node ${version}\n`);
  const test = spawnSync("node", ["scripts/test.mjs", "--tests-only", ...filters], { stdio: "inherit", env });
  if (test.status !== 0) failures.push(version);
}
process.stdout.write(
  failures.length === 0 ? `\nall of ${lines.join(", ")} pass\n` : `\nfailed on ${failures.join(", ")}\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
