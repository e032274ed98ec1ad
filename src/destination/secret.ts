import type { Action, SealedSecret, WebhookAction } from "../model/action.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { SecretLookup } from "./destination.ts";
import { isSecretNamed } from "./secret-named.ts";

/** Standard Webhooks secrets carry this prefix; anything else in `secret` is the name of one. */
const LITERAL = "whsec_";
/** Begins the names under which sealed values are kept, so that no action leads to a key that the store keeps for itself. */
const SEALED = "sealed/";
const SENSITIVE_HEADER = /auth|token|key|secret|cookie|password|credential|signature/i;

/**
 * The signing secrets of an action, newest first; literal ones as they are, named ones looked up.
 * @throws LoopsmithError `unauthorized` for a name without a value: worth retrying once it is configured
 */
export function resolveSecrets(secret: WebhookAction["secret"], lookup: SecretLookup): string[] {
  return entriesOf(secret).flatMap((entry) => {
    if (typeof entry !== "string") throw missing(entry.sealed);
    return entry.startsWith(LITERAL) ? [entry] : named(entry, lookup);
  });
}

/** Headers with every `secretNamed` replaced by the newest value of that secret. Text is left as it is. */
export function resolveHeaders(headers: WebhookAction["headers"], lookup: SecretLookup): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => {
      if (typeof value === "object" && "sealed" in value) throw missing(value.sealed);
      return [name.toLowerCase(), typeof value === "string" ? value : (named(value.secret, lookup)[0] ?? "")];
    }),
  );
}

/**
 * Takes the literal secrets out of an action, so that what is stored and shown holds names only: signing secrets, and
 * the values of headers that look sensitive. Keep `secrets` where only deliveries read it.
 */
export function sealAction(action: Action): { action: Action; secrets: Map<string, string> } {
  const secrets = new Map<string, string>();
  if (action.action !== "webhook") return { action, secrets };
  const seal = (value: string): SealedSecret => {
    const id = stableId("secret", value);
    secrets.set(`${SEALED}${id}`, value);
    return { sealed: id };
  };
  const sealed = mapWebhook(action, {
    secret: (entry) => (typeof entry === "string" && entry.startsWith(LITERAL) ? seal(entry) : entry),
    header(value, name) {
      if (isSecretNamed(value)) return { secret: value.secret };
      return typeof value === "string" && SENSITIVE_HEADER.test(name) ? seal(value) : value;
    },
  });
  return { action: sealed, secrets };
}

/**
 * The action as it was before it was sealed, for the attempt that sends it.
 *
 * @param read the store's value of a name
 * @throws LoopsmithError `unauthorized` for a value that is gone
 */
export async function unsealAction(action: Action, read: (name: string) => Promise<string | null>): Promise<Action> {
  if (action.action !== "webhook") return action;
  const values = new Map<string, string>();
  for (const entry of [...entriesOf(action.secret), ...Object.values(action.headers ?? {})]) {
    if (typeof entry === "string" || !("sealed" in entry)) continue;
    const value = await read(`${SEALED}${entry.sealed}`);
    if (value === null) throw missing(entry.sealed);
    values.set(entry.sealed, value);
  }
  if (values.size === 0) return action;
  const open = <Entry extends WebhookSecret>(entry: Entry): Entry | string =>
    typeof entry === "object" && "sealed" in entry ? (values.get(entry.sealed) ?? entry) : entry;
  return mapWebhook(action, { secret: open, header: open });
}

type SigningSecret = string | SealedSecret;
type HeaderValue = NonNullable<WebhookAction["headers"]>[string];
type WebhookSecret = SigningSecret | HeaderValue;

function entriesOf(secret: WebhookAction["secret"]): readonly SigningSecret[] {
  if (secret === undefined) return [];
  return typeof secret === "string" || "sealed" in secret ? [secret] : secret;
}

function mapWebhook(
  action: WebhookAction,
  map: { secret: (entry: SigningSecret) => SigningSecret; header: (value: HeaderValue, name: string) => HeaderValue },
): WebhookAction {
  const mapped: WebhookAction = { ...action };
  const { secret, headers } = action;
  if (secret !== undefined) {
    mapped.secret = typeof secret === "string" || "sealed" in secret ? map.secret(secret) : secret.map(map.secret);
  }
  if (headers) {
    mapped.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, map.header(value, name)]),
    );
  }
  return mapped;
}

function named(name: string, lookup: SecretLookup): string[] {
  const found = lookup(name);
  const values = found === undefined ? [] : typeof found === "string" ? [found] : [...found];
  if (values.length > 0) return values;
  throw missing(name);
}

function missing(name: string): LoopsmithError {
  return new LoopsmithError("unauthorized", `There is no secret named "${name}".`, {
    hint: "Add it to the loop's `secrets`, or pass a whsec_ secret.",
  });
}
