import { LoopsmithError } from "../model/errors.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses writes that a browser sends for a page of somebody else: where no key is asked for, any page that is open on this
 * machine could otherwise plant traces and scores here, though it would not see the answer (cross-site request forgery).
 * Browsers name the page in `Origin` and `Sec-Fetch-Site`, which it cannot change; other clients send neither.
 * @throws LoopsmithError `forbidden`
 */
export function guardOrigin(method: string, headers: Headers): void {
  if (SAFE_METHODS.has(method)) return;
  const origin = headers.get("origin");
  const isForeign =
    origin === null ? headers.get("sec-fetch-site") === "cross-site" : hostOf(origin) !== headers.get("host");
  if (!isForeign) return;
  throw new LoopsmithError(
    "forbidden",
    `this server takes no writes from pages of ${(origin ?? "other sites").slice(0, 100)}`,
    {
      hint: "Send them from your application's server, or set LOOPSMITH_API_KEY and send the key.",
    },
  );
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
