import type { SecretReference } from "../model/action.ts";

/** A symbol, because neither text nor JSON can hold one: what comes out of a trace is never taken for a reference. */
const BRAND = Symbol.for("loopsmith.secret");

/**
 * Stands for a secret in a webhook's headers: `headers: { authorization: secretNamed("API_TOKEN") }`. Text there is always sent
 * as it is.
 *
 * @param name of an entry in the loop's `secrets`
 */
export function secretNamed(name: string): SecretReference {
  return { secret: name, [BRAND]: true } as SecretReference;
}

export function isSecretNamed(value: unknown): value is SecretReference {
  return typeof value === "object" && value !== null && Object.hasOwn(value, BRAND);
}
