import { spawn } from "node:child_process";

/**
 * Runs a script with what LangSmith's clients read in the environment pointing at a server; gives its standard output.
 * @throws Error with the end of its log when it fails
 */
export async function runPython(
  python: string,
  script: string,
  { endpoint, args = [] }: { endpoint: string; args?: readonly string[] },
): Promise<string> {
  const child = spawn(python, [script, ...args], {
    env: {
      PATH: process.env["PATH"],
      LANGSMITH_ENDPOINT: endpoint,
      LANGSMITH_API_KEY: "any",
      LANGSMITH_TRACING: "true",
      PYTHONDONTWRITEBYTECODE: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [output, log, code] = await Promise.all([read(child.stdout), read(child.stderr), ended]);
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${log.slice(-2000)}`);
  return output;
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
