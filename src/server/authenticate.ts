import { createHash, timingSafeEqual } from "node:crypto";
import { LoopsmithError } from "../model/errors.ts";

/**
 * A check of a request's credentials: `x-api-key`, or `Authorization: Bearer`. Without a key of our own everything passes;
 * `listen` sees to it that such a server stays on loopback.
 * @throws LoopsmithError `unauthorized`
 */
export function authenticator(apiKey: string | null): (headers: Headers) => void {
  if (apiKey === null) return () => {};
  const expected = digest(apiKey);
  return (headers) => {
    const given = headers.get("x-api-key") ?? bearer(headers.get("authorization"));
    // Digests have one length, so the comparison tells nothing about the key's own.
    if (given !== null && timingSafeEqual(digest(given), expected)) return;
    throw new LoopsmithError("unauthorized", given === null ? "no API key was sent" : "the API key is wrong", {
      hint: "Set LANGSMITH_API_KEY in the client to the LOOPSMITH_API_KEY of this server.",
    });
  };
}

function bearer(authorization: string | null): string | null {
  const match = authorization === null ? null : /^bearer\s+(\S+)$/i.exec(authorization);
  return match?.[1] ?? null;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
