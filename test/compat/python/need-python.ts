import { join } from "node:path";
import { expect, it } from "vitest";
import { pythonEnvironment } from "./python-environment.ts";

const environment = await pythonEnvironment(join(import.meta.dirname, "requirements.txt"));

/**
 * The Python with the official packages, or `null` where there is none: that is said aloud, and it fails in CI, where
 * the Python part must run.
 */
export function needPython(): string | null {
  if ("python" in environment) return environment.python;
  process.stderr.write(`The official Python client cannot be tried here: ${environment.missing}\n`);
  it.skipIf(!process.env["CI"])(`cannot be tried here: ${environment.missing}`, () => {
    expect.fail("in CI the Python part must run");
  });
  return null;
}
