/**
 * JSON text that is the same for equal values whatever the order of their keys. `undefined`, functions and symbols are
 * left out as `JSON.stringify` does.
 * @throws TypeError or RangeError where `JSON.stringify` would: cycles, BigInt, nesting of several thousand levels.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys) ?? "null";
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  // Plain code-unit order: no locale, so the same text on every machine.
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
