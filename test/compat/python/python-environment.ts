import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Virtual environments stay here between runs, one for each list of packages and each Python. */
const FOLDER = resolve(".tmp/python");
const INSTALL_TIMEOUT_MS = 240_000;

export type PythonEnvironment = { python: string } | { missing: string };

/** A virtual environment of our own with the packages of `requirements`, or why there is none. */
export async function pythonEnvironment(requirements: string): Promise<PythonEnvironment> {
  let version: string;
  try {
    version = (await run("python3", ["--version"])).stdout.trim();
  } catch {
    return { missing: "there is no python3 on this machine" };
  }
  const hash = createHash("sha256").update(version).update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const folder = join(FOLDER, hash);
  const python = join(folder, "bin", "python");
  if (existsSync(python)) return { python };
  mkdirSync(FOLDER, { recursive: true });
  // Built aside and moved into place, so that an interrupted run leaves nothing that looks finished.
  const draft = `${folder}.${process.pid}`;
  try {
    await run("python3", ["-m", "venv", draft]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    await run(join(draft, "bin", "python"), pip, { timeout: INSTALL_TIMEOUT_MS });
    renameSync(draft, folder);
    return { python };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(python)) return { python };
    const { stderr = "", message } = error as Error & { stderr?: string };
    return { missing: `its packages cannot be installed: ${(stderr || message).trim().slice(-500)}` };
  }
}
