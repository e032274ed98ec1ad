// Runs every benchmark one after the other: npm run bench [name...] [-- flags for each]. Ratios are measured within a run.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const known = Object.keys(scripts)
  .filter((script) => script.startsWith("bench:"))
  .map((script) => script.slice(6));
const given = process.argv.slice(2);
const names = given.filter((argument) => !argument.startsWith("-"));
const flags = given.filter((argument) => argument.startsWith("-"));
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`there is no benchmark ${unknown.join(", ")}\n  hint: there are ${known.join(", ")}\n`);
  process.exit(2);
}
const failed = [];
for (const name of names.length > 0 ? names : known) {
  process.stdout.write(`\n== ${name}\n`);
  if (spawnSync("npm", ["run", "--silent", `bench:${name}`, "--", ...flags], { stdio: "inherit" }).status !== 0)
    failed.push(name);
}
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(", ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
