import { v5, v7 } from "uuid";

/** Namespace of all of Loopsmith's deterministic ids. */
const NAMESPACE = "6f0c3f54-7a2b-5f0e-9a53-9a1f64b7a2d1";

/** The same parts always give the same id, so a retry is recognised wherever it lands. */
export function stableId(...parts: readonly (string | number)[]): string {
  return v5(parts.map((part) => `${String(part).length}:${part}`).join("|"), NAMESPACE);
}

/** Time-ordered random id (uuid v7). */
export function newId(): string {
  return v7();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}
