import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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
  const child = spawn(python, [join(folder, "main.py")], {
    env: {
      PATH: process.env["PATH"],
      LANGSMITH_ENDPOINT: endpoint,
      LANGSMITH_API_KEY: "any",
      LANGSMITH_TRACING: "true",
      PYTHONDONTWRITEBYTECODE: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const read = async (stream: AsyncIterable<Buffer>): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  };
  const [output, log] = await Promise.all([read(child.stdout), read(child.stderr)]);
  const lines = output.split("\n").filter((line) => line.startsWith("CHECK "));
  if (lines.length === 0) throw new Error(`the checks did not run:\n${log.slice(-2000)}`);
  return lines.map((line) => JSON.parse(line.slice("CHECK ".length)) as CheckResult);
}
