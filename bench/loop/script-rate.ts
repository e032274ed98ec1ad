import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ScriptRate {
  tracesPerSecond: number;
  traces: number;
}

/** Runs the script in a process of its own, as users do. */
export function scriptRate(options: { url: string; project: string; traces: number }): Promise<ScriptRate> {
  const { url, project, traces } = options;
  return new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL("users-script.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "./scripts/ts.mjs", file, url, project, String(traces)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve({ ...(JSON.parse(output) as { tracesPerSecond: number }), traces });
      else reject(new Error(`the script ended with ${code}`));
    });
  });
}
