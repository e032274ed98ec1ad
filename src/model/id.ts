import { hash } from "node:crypto";
import { v7 } from "uuid";

/** Namespace of all of Loopsmith's deterministic ids. */
const NAMESPACE = Buffer.from("6f0c3f547a2b5f0e9a539a1f64b7a2d1", "hex");

/** The same parts always give the same id (uuid v5), so a retry is recognised wherever it lands. */
export function stableId(...parts: readonly (string | number)[]): string {
  const name = Buffer.from(parts.map((part) => `${String(part).length}:${part}`).join("|"));
  // In one native call: the package's loop over bytes takes four times as long, and a verdict has several ids.
  const hex = hash("sha1", Buffer.concat([NAMESPACE, name]));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The id a loop of this name over this project has everywhere. */
export function loopIdOf(loop: { name: string; projectName: string }): string {
  return stableId("loop", loop.name, loop.projectName);
}

/** Time-ordered random id (uuid v7). */
export function newId(): string {
  return v7();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}
