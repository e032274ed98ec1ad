import { LoopsmithError } from "../model/errors.ts";

/**
 * A token, key or secret URL: the value itself, or a function that fetches it at every attempt, for tokens that expire
 * or live in a vault. It stays in the process and is never stored.
 */
export type Credential = string | (() => string | Promise<string>);

/**
 * The value to use for this attempt.
 * @throws LoopsmithError `unauthorized` when it is empty: worth retrying once it is configured
 */
export async function credentialValue(credential: Credential, name: string): Promise<string> {
  const value = typeof credential === "function" ? await credential() : credential;
  if (typeof value === "string" && value !== "") return value;
  throw new LoopsmithError("unauthorized", `${name} is empty.`, { hint: `Set ${name} where the destination is made.` });
}
