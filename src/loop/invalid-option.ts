import { LoopsmithError } from "../model/errors.ts";

/** The error of an option that cannot be: names it, shows its value, and says what it should be. */
export function invalidOption(name: string, value: unknown, expected: string): LoopsmithError {
  const shown = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return new LoopsmithError("invalid", `${name} is ${shown}`, {
    hint: `Give ${expected}.`,
    details: { option: name },
  });
}
