import { hash } from "node:crypto";

/**
 * Where a key falls between 0 (included) and 1 (left out): 52 bits of SHA-256, the same on every machine and for ever.
 * Different salts give independent places. Use it to sample or split without keeping a list.
 */
export function hashShare(salt: string, key: string): number {
  // The length keeps ("ab", "c") and ("a", "bc") apart.
  const digest = hash("sha256", `${salt.length}:${salt}|${key}`, "hex");
  return Number.parseInt(digest.slice(0, 13), 16) / 2 ** 52;
}
