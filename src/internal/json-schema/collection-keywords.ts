import { canonicalJson } from "../canonical-json.ts";
import { linearRegex } from "../linear-regex/linear-regex.ts";
import { isList, isObject, member, passes, rule } from "./check.ts";
import type { Check, Compile, Keyword } from "./check.ts";

type Schemas = Readonly<Record<string, unknown>>;

/** Keywords about the members of arrays and objects. */
export const COLLECTION_KEYWORDS: Readonly<Record<string, Keyword>> = {
  minItems: (bound) =>
    rule((value) => !isList(value) || value.length >= Number(bound), `must have ${String(bound)} or more items`),
  maxItems: (bound) =>
    rule((value) => !isList(value) || value.length <= Number(bound), `must have ${String(bound)} or fewer items`),
  uniqueItems: (wanted) =>
    rule(
      (value) => wanted !== true || !isList(value) || new Set(value.map(canonicalJson)).size === value.length,
      "must not repeat items",
    ),
  prefixItems: (schemas, _schema, compile) => eachItem((schemas as unknown[]).map(compile), undefined),
  // Before draft 2020-12 a list here meant what prefixItems means now.
  items(argument, schema, compile) {
    if (isList(argument)) return eachItem(argument.map(compile), undefined);
    const skip = isList(schema.prefixItems) ? schema.prefixItems.length : 0;
    return eachItem(Array.from({ length: skip }), compile(argument));
  },
  contains(argument, schema, compile) {
    const check = compile(argument);
    const { minContains = 1, maxContains = Infinity } = schema;
    return (value, path, found) => {
      if (!isList(value)) return;
      const count = value.filter((item, index) => passes(check, item, member(path, index))).length;
      if (count < Number(minContains)) found.push({ path, message: "contains too few items that match" });
      if (count > Number(maxContains)) found.push({ path, message: "contains too many items that match" });
    };
  },
  minProperties: (bound) =>
    rule(
      (value) => !isObject(value) || Object.keys(value).length >= Number(bound),
      `must have ${String(bound)} or more properties`,
    ),
  maxProperties: (bound) =>
    rule(
      (value) => !isObject(value) || Object.keys(value).length <= Number(bound),
      `must have ${String(bound)} or fewer properties`,
    ),
  required: (names) => (value, path, found) => requireAll(value, names as string[], path, found),
  dependentRequired: (byName) => (value, path, found) => {
    for (const [name, names] of Object.entries(byName as Record<string, string[]>)) {
      if (isObject(value) && Object.hasOwn(value, name)) requireAll(value, names, path, found);
    }
  },
  dependentSchemas(byName, _schema, compile) {
    const checks = compileEach(byName, compile);
    return (value, path, found) => {
      for (const [name, check] of checks) if (isObject(value) && Object.hasOwn(value, name)) check(value, path, found);
    };
  },
  properties(byName, _schema, compile) {
    const checks = compileEach(byName, compile);
    return (value, path, found) => {
      if (!isObject(value)) return;
      for (const [name, check] of checks) if (Object.hasOwn(value, name)) check(value[name], member(path, name), found);
    };
  },
  patternProperties(byPattern, _schema, compile) {
    const checks = compileEach(byPattern, compile).map(([pattern, check]) => [linearRegex(pattern), check] as const);
    return (value, path, found) => {
      if (!isObject(value)) return;
      for (const [name, item] of Object.entries(value)) {
        for (const [regex, check] of checks) if (regex.test(name)) check(item, member(path, name), found);
      }
    };
  },
  additionalProperties(argument, schema, compile) {
    const check = compile(argument);
    const named = new Set(Object.keys(isObject(schema.properties) ? schema.properties : {}));
    const patterns = Object.keys(isObject(schema.patternProperties) ? schema.patternProperties : {}).map((pattern) =>
      linearRegex(pattern),
    );
    return (value, path, found) => {
      if (!isObject(value)) return;
      for (const [name, item] of Object.entries(value)) {
        if (!named.has(name) && !patterns.some((regex) => regex.test(name))) check(item, member(path, name), found);
      }
    };
  },
  propertyNames(argument, _schema, compile) {
    const check = compile(argument);
    return (value, path, found) => {
      if (isObject(value)) for (const name of Object.keys(value)) check(name, member(path, name), found);
    };
  },
};

function eachItem(first: readonly (Check | undefined)[], rest: Check | undefined): Check {
  return (value, path, found) => {
    if (!isList(value)) return;
    for (const [index, item] of value.entries()) {
      const check = index < first.length ? first[index] : rest;
      check?.(item, member(path, index), found);
    }
  };
}

function requireAll(value: unknown, names: readonly string[], path: string, found: Parameters<Check>[2]): void {
  if (!isObject(value)) return;
  for (const name of names) {
    if (!Object.hasOwn(value, name)) found.push({ path, message: `must have the property "${name}"` });
  }
}

function compileEach(schemas: unknown, compile: Compile): [string, Check][] {
  return Object.entries(schemas as Schemas).map(([name, schema]) => [name, compile(schema)]);
}
