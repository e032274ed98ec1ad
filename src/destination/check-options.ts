import { LoopsmithError } from "../model/errors.ts";

/**
 * Refuses a destination made without what it needs, such as an environment variable that is not set, where it is made
 * and not at the first failure.
 * @throws LoopsmithError `invalid` that names the option
 */
export function checkOptions(factory: string, options: object, required: readonly string[]): void {
  const given = new Map<string, unknown>(Object.entries(options));
  for (const name of required) {
    const value = given.get(name);
    const filled = Array.isArray(value) ? value.length > 0 : typeof value === "string" && value.trim() !== "";
    if (filled || typeof value === "function") continue;
    throw new LoopsmithError("invalid", `${factory}() needs \`${name}\`.`, {
      hint: `Pass ${name}; if it comes from the environment, check that the variable is set.`,
    });
  }
}
