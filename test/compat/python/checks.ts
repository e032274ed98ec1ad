import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runPython } from "./run-python.ts";

export interface Check {
  area: string;
  title: string;
}

export interface CheckResult extends Check {
  /** Python's traceback; `null` when it passed. */
  error: string | null;
}

/** Every check of the Python files, read from their text: what is to pass is known before anything runs. */
export function checksIn(folder: string): Check[] {
  const files = readdirSync(folder).filter((file) => /^check_.*\.py$/.test(file));
  return files.toSorted().flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^@check\("([^"]+)", "([^"]+)"\)$/gm)].map(([, area = "", title = ""]) => ({
      area,
      title,
    }));
  });
}

/** Runs the checks against a server. */
export async function runChecks(python: string, folder: string, endpoint: string): Promise<CheckResult[]> {
  const output = await runPython(python, join(folder, "main.py"), { endpoint });
  const lines = output.split("\n").filter((line) => line.startsWith("CHECK "));
  if (lines.length === 0) throw new Error("the checks did not run");
  return lines.map((line) => JSON.parse(line.slice("CHECK ".length)) as CheckResult);
}
