import { passes, rule } from "./check.ts";
import type { Keyword } from "./check.ts";

/** Keywords that combine schemas. */
export const LOGIC_KEYWORDS: Readonly<Record<string, Keyword>> = {
  allOf(schemas, _schema, compile) {
    const checks = (schemas as unknown[]).map(compile);
    return (value, path, found) => {
      for (const check of checks) check(value, path, found);
    };
  },
  anyOf(schemas, _schema, compile) {
    const checks = (schemas as unknown[]).map(compile);
    return (value, path, found) => {
      if (!checks.some((check) => passes(check, value, path)))
        found.push({ path, message: "must match one of several schemas" });
    };
  },
  oneOf(schemas, _schema, compile) {
    const checks = (schemas as unknown[]).map(compile);
    return (value, path, found) => {
      const count = checks.filter((check) => passes(check, value, path)).length;
      if (count !== 1) found.push({ path, message: `must match exactly one of several schemas, matches ${count}` });
    };
  },
  not(schema, _schema, compile) {
    const check = compile(schema);
    return rule((value) => !passes(check, value, ""), "must not match a schema it matches");
  },
  // `then` and `else` mean nothing without `if`, so it speaks for all three.
  if(schema, { then = true, else: otherwise = true }, compile) {
    const condition = compile(schema);
    const [onTrue, onFalse] = [compile(then), compile(otherwise)];
    return (value, path, found) => (passes(condition, value, path) ? onTrue : onFalse)(value, path, found);
  },
};
