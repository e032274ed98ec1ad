import type { Client } from "langsmith";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";

const REACH_TIMEOUT_MS = 10_000;

/** The client retries for some twenty seconds before it gives up; that nobody listens can be said at once. */
export async function assertReachable(client: Client): Promise<void> {
  const { apiUrl, fetchImplementation = fetch } = client as unknown as {
    apiUrl: string;
    fetchImplementation?: typeof fetch;
  };
  try {
    await fetchImplementation(`${apiUrl}/info`, { signal: AbortSignal.timeout(REACH_TIMEOUT_MS) });
  } catch (error) {
    throw toPlatformError(error);
  }
}

/** 404, 405 and 501 on a v2 path mean a deployment older than it, 410 and 501 on a v1 path a newer one; everything else is a real answer. */
export function isMissingRoute(error: unknown): boolean {
  return [404, 405, 410, 501].includes(statusOf(error));
}

export function statusOf(error: unknown): number {
  if (!isJsonObject(error)) return 0;
  const status = (error as JsonObject)["status"];
  if (typeof status === "number") return status;
  const said = /\b([45]\d\d)\b/.exec(errorMessage(error));
  return said ? Number(said[1]) : 0;
}

/** What a client threw, as an error of ours. */
export function toPlatformError(error: unknown): LoopsmithError {
  if (LoopsmithError.isInstance(error)) return error;
  const status = statusOf(error);
  const message = `LangSmith answered: ${errorMessage(error)}`;
  if (status === 401 || status === 403) {
    return new LoopsmithError("unauthorized", message, {
      hint: "Check LANGSMITH_API_KEY and LANGSMITH_ENDPOINT, or the apiKey and apiUrl of your Client.",
      cause: error,
    });
  }
  if (status === 404)
    return new LoopsmithError("not_found", message, { hint: "It may have been deleted.", cause: error });
  if (status === 429) {
    return new LoopsmithError("rate_limited", message, { hint: "It is retried by itself, more slowly.", cause: error });
  }
  if (status === 409) {
    return new LoopsmithError("conflict", message, { hint: "It is retried by itself.", cause: error });
  }
  // 408 and 425 ask for another attempt, as 5xx do.
  if (status >= 400 && status < 500 && status !== 408 && status !== 425) {
    return new LoopsmithError("invalid", message, { hint: "The request was refused; see the message.", cause: error });
  }
  return new LoopsmithError("unavailable", `cannot reach LangSmith: ${errorMessage(error)}`, {
    hint: "Check that LANGSMITH_ENDPOINT is right and the server is up; `loopsmith serve` starts one here.",
    cause: error,
  });
}
