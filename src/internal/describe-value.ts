const LIMIT = 120;

/** A short, safe rendering of anything for error messages: its value cut to 120 characters, and its type. Never throws. */
export function describeValue(value: unknown): string {
  try {
    const text = render(value);
    return `${text.length > LIMIT ? `${text.slice(0, LIMIT)}...` : text} (${typeName(value)})`;
  } catch {
    // Revoked proxies throw at every question.
    return "[unreadable] (object)";
  }
}

/** `typeof`, with `null`, `array`, `NaN` and class names told apart. */
function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && !Number.isFinite(value)) return "not a finite number";
  if (typeof value !== "object") return typeof value;
  const name = constructorName(value);
  return name === "" || name === "Object" ? "object" : name;
}

function render(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, LIMIT + 1));
  if (typeof value === "function") return `function ${value.name}`.trim();
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? constructorName(value);
  } catch {
    // Cycles, BigInt, throwing getters and revoked proxies end here.
    return "[not serialisable]";
  }
}

function constructorName(value: object): string {
  try {
    const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}
