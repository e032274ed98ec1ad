import { isObject, rule } from "./check.ts";
import type { Check, SchemaViolation } from "./check.ts";
import { COLLECTION_KEYWORDS } from "./collection-keywords.ts";
import { LOGIC_KEYWORDS } from "./logic-keywords.ts";
import { VALUE_KEYWORDS } from "./value-keywords.ts";

export type { SchemaViolation } from "./check.ts";

const KEYWORDS = { ...VALUE_KEYWORDS, ...COLLECTION_KEYWORDS, ...LOGIC_KEYWORDS };

/** Keywords that would change the answer and are not supported: ignoring them silently would be a wrong "valid". */
const UNSUPPORTED = [
  "$dynamicRef",
  "$recursiveRef",
  "unevaluatedProperties",
  "unevaluatedItems",
  "dependencies",
  "additionalItems",
];

/** Far above any sensible schema or document; ends recursion that a schema like {"$ref": "#"} would never end. */
const MAX_DEPTH = 500;

export interface JsonSchemaOptions {
  /** The schema at an address that `$ref` names; it must refer to nothing itself. @default none is known */
  document?: (address: string) => unknown;
}

/**
 * Compiles a JSON Schema of draft 2020-12 (or the parts it shares with earlier drafts) into a function that lists what
 * is wrong with a value; an empty list means valid. `pattern`s run in linear time. `format` and the other annotations
 * are not asserted, as the draft prescribes by default.
 *
 * @throws SyntaxError for references to what is not known and for keywords that are not supported
 */
export function compileJsonSchema(
  schema: unknown,
  { document }: JsonSchemaOptions = {},
): (value: unknown) => SchemaViolation[] {
  const checks = new Map<unknown, Check>();
  let depth = 0;

  const compile = (part: unknown): Check => {
    if (part === true) return rule(() => true, "");
    if (part === false) return rule(() => false, "must not be there");
    if (!isObject(part)) throw new SyntaxError(`A schema must be an object or a boolean, not ${JSON.stringify(part)}`);
    const known = checks.get(part);
    if (known) return known;
    // Registered before its keywords are compiled, so that a schema may refer to itself.
    let parts: Check[] = [];
    const check: Check = (value, path, found) => {
      if (depth >= MAX_DEPTH) {
        found.push({ path, message: "is nested too deeply to check" });
        return;
      }
      depth++;
      try {
        for (const part of parts) part(value, path, found);
      } finally {
        depth--;
      }
    };
    checks.set(part, check);
    parts = compileKeywords(part);
    return check;
  };

  const compileKeywords = (part: Record<string, unknown>): Check[] => {
    const refused = UNSUPPORTED.find((name) => Object.hasOwn(part, name));
    if (refused) throw new SyntaxError(`The JSON Schema keyword "${refused}" is not supported`);
    if (part !== schema && typeof part.$id === "string") throw new SyntaxError('"$id" below the root is not supported');
    return Object.entries(part).flatMap(([name, argument]) => {
      if (name === "$ref") return [compile(document?.(String(argument)) ?? resolve(schema, String(argument)))];
      return Object.hasOwn(KEYWORDS, name) ? [KEYWORDS[name]?.(argument, part, compile) as Check] : [];
    });
  };

  const check = compile(schema);
  return (value) => {
    const found: SchemaViolation[] = [];
    check(value, "", found);
    return found;
  };
}

/** A reference inside the document: `#`, a JSON pointer, or an anchor. */
function resolve(root: unknown, ref: string): unknown {
  const fragment = ref.startsWith("#") ? decodeURIComponent(ref.slice(1)) : undefined;
  const target =
    fragment === undefined
      ? undefined
      : fragment === "" || fragment.startsWith("/")
        ? pointed(root, fragment)
        : anchored(root, fragment);
  if (target === undefined) throw new SyntaxError(`"$ref": "${ref}" points to nothing inside the schema`);
  return target;
}

function pointed(root: unknown, pointer: string): unknown {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined,
    root,
  );
}

function anchored(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (isObject(value) && value.$anchor === name) return value;
  for (const child of Object.values(value)) {
    const found = anchored(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
