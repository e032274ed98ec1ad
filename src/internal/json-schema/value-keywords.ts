import { canonicalJson } from "../canonical-json.ts";
import { linearRegex } from "../linear-regex/linear-regex.ts";
import { isType, rule } from "./check.ts";
import type { Keyword } from "./check.ts";

/** Keywords about single values: types, constants, numbers and strings. */
export const VALUE_KEYWORDS: Readonly<Record<string, Keyword>> = {
  type(argument) {
    const types: unknown[] = Array.isArray(argument) ? argument : [argument];
    return rule((value) => types.some((type) => isType(value, type)), `must be ${types.join(" or ")}`);
  },
  enum(argument) {
    const allowed = new Set((argument as unknown[]).map(canonicalJson));
    return rule((value) => allowed.has(canonicalJson(value)), `must be one of ${canonicalJson(argument)}`);
  },
  const(argument) {
    const wanted = canonicalJson(argument);
    return rule((value) => canonicalJson(value) === wanted, `must be ${wanted}`);
  },
  minimum: number((value, bound) => value >= bound, "must be at least"),
  maximum: number((value, bound) => value <= bound, "must be at most"),
  exclusiveMinimum: number((value, bound) => value > bound, "must be above"),
  exclusiveMaximum: number((value, bound) => value < bound, "must be below"),
  multipleOf: number(isMultiple, "must be a multiple of"),
  minLength: string((value, bound) => codePoints(value) >= bound, "must have this many characters or more:"),
  maxLength: string((value, bound) => codePoints(value) <= bound, "must have this many characters or fewer:"),
  pattern(argument) {
    const regex = linearRegex(String(argument));
    return rule((value) => typeof value !== "string" || regex.test(value), `must match ${String(argument)}`);
  },
};

function number(holds: (value: number, bound: number) => boolean, words: string): Keyword {
  return (bound) =>
    rule((value) => typeof value !== "number" || holds(value, Number(bound)), `${words} ${String(bound)}`);
}

function string(holds: (value: string, bound: number) => boolean, words: string): Keyword {
  return (bound) =>
    rule((value) => typeof value !== "string" || holds(value, Number(bound)), `${words} ${String(bound)}`);
}

/** Exact where floats allow it, else to the last bits: 0.0075 is a multiple of 0.0001. */
function isMultiple(value: number, of: number): boolean {
  if (value % of === 0) return true;
  const quotient = value / of;
  return (
    Number.isFinite(quotient) && Math.abs(quotient - Math.round(quotient)) < 1e-10 * Math.max(1, Math.abs(quotient))
  );
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
