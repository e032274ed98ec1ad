/** One violation: where (a JSON pointer, empty for the whole value) and what. */
export interface SchemaViolation {
  path: string;
  message: string;
}

/** Adds a violation for everything in `value` that breaks the rule it was built from. */
export type Check = (value: unknown, path: string, found: SchemaViolation[]) => void;

/** Builds the check of one keyword from its argument and the schema it stands in. */
export type Keyword = (argument: unknown, schema: Readonly<Record<string, unknown>>, compile: Compile) => Check;

/** The check of a subschema. */
export type Compile = (schema: unknown) => Check;

/** A check that says one thing when `holds` is false. */
export function rule(holds: (value: unknown) => boolean, message: string): Check {
  return (value, path, found) => {
    if (!holds(value)) found.push({ path, message });
  };
}

/** Whether a value passes. */
export function passes(check: Check, value: unknown, path: string): boolean {
  const found: SchemaViolation[] = [];
  check(value, path, found);
  return found.length === 0;
}

/** The path of a member, escaped as JSON pointers are (RFC 6901). */
export function member(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** `type` by JSON Schema's names; 1.0 is an integer. */
export function isType(value: unknown, type: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return typeof value === "number" && Number.isInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  return typeof value === type;
}
