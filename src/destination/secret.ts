import type { Action, WebhookAction } from "../model/action.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { SecretLookup } from "./destination.ts";

/** Standard Webhooks secrets carry this prefix; anything else in `secret` is the name of one. */
const LITERAL = "whsec_";
/** Marks the name of a secret where a literal value may stand too. */
const REFERENCE = "secret:";
const SENSITIVE_HEADER = /auth|token|key|secret|cookie|password|credential|signature/i;

/**
 * The signing secrets of an action, newest first; literal ones as they are, named ones looked up.
 * @throws LoopsmithError `unauthorized` for a name without a value: worth retrying once it is configured
 */
export function resolveSecrets(secret: WebhookAction["secret"], lookup: SecretLookup): string[] {
  const listed = secret === undefined ? [] : typeof secret === "string" ? [secret] : secret;
  return listed.flatMap((entry) => (entry.startsWith(LITERAL) ? [entry] : named(entry, lookup)));
}

/** Headers with every `secret:NAME` value replaced by the newest value of that secret. */
export function resolveHeaders(headers: WebhookAction["headers"], lookup: SecretLookup): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      value.startsWith(REFERENCE) ? (named(value, lookup)[0] ?? "") : value,
    ]),
  );
}

/**
 * Takes the literal secrets out of an action, so that what is stored and shown holds names only: signing secrets, and
 * the values of headers that look sensitive. Keep `secrets` where only deliveries read it.
 */
export function sealAction(action: Action): { action: Action; secrets: Map<string, string> } {
  const secrets = new Map<string, string>();
  if (action.action !== "webhook") return { action, secrets };
  const seal = (value: string): string => {
    const name = stableId("secret", value);
    secrets.set(name, value);
    return `${REFERENCE}${name}`;
  };
  const sealed: WebhookAction = { ...action };
  const { secret, headers } = action;
  const sealSecret = (entry: string): string => (entry.startsWith(LITERAL) ? seal(entry) : entry);
  if (secret !== undefined) sealed.secret = typeof secret === "string" ? sealSecret(secret) : secret.map(sealSecret);
  if (headers) {
    sealed.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        SENSITIVE_HEADER.test(name) && !value.startsWith(REFERENCE) ? seal(value) : value,
      ]),
    );
  }
  return { action: sealed, secrets };
}

function named(entry: string, lookup: SecretLookup): string[] {
  const name = entry.startsWith(REFERENCE) ? entry.slice(REFERENCE.length) : entry;
  const found = lookup(name);
  const values = found === undefined ? [] : typeof found === "string" ? [found] : [...found];
  if (values.length > 0) return values;
  throw new LoopsmithError("unauthorized", `There is no secret named "${name}".`, {
    hint: "Add it to the loop's `secrets`, or pass a whsec_ secret.",
  });
}
