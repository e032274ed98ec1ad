import { LoopsmithError } from "../../model/errors.ts";
import type { ErrorCode } from "../../model/errors.ts";

interface Meaning {
  code: ErrorCode;
  retry: boolean;
  hint: string;
}

const KEY: Meaning = { code: "unauthorized", retry: false, hint: "Check the API key or secret." };
const REFUSED: Meaning = {
  code: "forbidden",
  retry: false,
  hint: "Check the account's plan, billing and permissions.",
};
const BUSY: Meaning = { code: "rate_limited", retry: true, hint: "Lower the concurrency, or ask for a higher limit." };
const AWAY: Meaning = {
  code: "unavailable",
  retry: true,
  hint: "Try again later; the server has a problem of its own.",
};

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: { code: "invalid", retry: false, hint: "Read what the server says; sending the same again will not help." },
  401: KEY,
  402: REFUSED,
  403: REFUSED,
  404: { code: "not_found", retry: false, hint: "Check the URL and the model's name." },
  408: AWAY,
  409: AWAY,
  413: { code: "too_large", retry: false, hint: "Send less: map fewer inputs, or lower maxTraceChars." },
  425: AWAY,
  429: BUSY,
};

/** Providers answer 429 both to "slow down" and to "pay first"; only the first passes by waiting. */
const QUOTA = /insufficient_quota|billing_hard_limit|credit balance is too low|exceeded your current quota/i;

/** What an HTTP status other than 2xx means, and whether trying again can help. */
export function statusError(
  who: string,
  status: number,
  text: string,
  retryAfterMs: number | null,
): { error: LoopsmithError; retry: boolean } {
  const meaning = status === 429 && QUOTA.test(text) ? REFUSED : (MEANINGS[status] ?? general(status));
  const error = new LoopsmithError(meaning.code, `${who} answered ${status}${excerpt(text)}`, {
    hint: meaning.hint,
    details: { status, ...(retryAfterMs !== null && { retryAfterMs }) },
  });
  return { error, retry: meaning.retry };
}

function general(status: number): Meaning {
  if (status >= 500) return AWAY;
  if (status >= 300 && status < 400) {
    return { code: "unavailable", retry: false, hint: "Configure the final URL: redirects are not followed." };
  }
  return MEANINGS[400] as Meaning;
}

function excerpt(text: string): string {
  const line = text
    .slice(0, 1000)
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  return line === "" ? "" : `: ${line.length > 200 ? `${line.slice(0, 200)}...` : line}`;
}
