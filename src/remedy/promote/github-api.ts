import { LoopsmithError } from "../../model/errors.ts";
import type { ErrorCode } from "../../model/errors.ts";
import { isJsonObject } from "../../model/json.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { exchangeJson } from "./http-json.ts";
import type { PromoteContext } from "./promoter.ts";

export interface GitHubApiOptions {
  /** `owner/name`. */
  repository: string;
  /** Fine-grained: contents and pull requests, read and write. Sent to `apiUrl` and nowhere else. */
  token: string;
  /** @default "https://api.github.com" */
  apiUrl?: string;
  fetch: typeof fetch;
}

/** Calls below `/repos/<repository>`. */
export interface GitHubApi {
  /** `null` for 404. */
  find(path: string): Promise<Json>;
  /** @throws LoopsmithError by status; 422 is `conflict` */
  send(method: "POST" | "PATCH", path: string, body: JsonObject): Promise<JsonObject>;
}

/** GitHub's REST API, version 2022-11-28. @throws LoopsmithError `invalid` for a repository that is no `owner/name` */
export function createGitHubApi(
  { repository, token, apiUrl, fetch }: GitHubApiOptions,
  context: PromoteContext,
): GitHubApi {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new LoopsmithError("invalid", `"${repository}" is not a repository.`, { hint: "Pass `owner/name`." });
  }
  const base = `${(apiUrl ?? "https://api.github.com").replace(/\/+$/, "")}/repos/${repository}`;
  const headers = {
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  };
  return {
    async find(path) {
      const { status, json } = await exchangeJson({ method: "GET", url: `${base}${path}`, headers }, fetch, context);
      if (status === 404) return null;
      return succeeded(status, json, "GET", path);
    },
    async send(method, path, body) {
      const text = JSON.stringify(body);
      const { status, json } = await exchangeJson(
        { method, url: `${base}${path}`, headers, body: text },
        fetch,
        context,
      );
      const answer = succeeded(status, json, method, path);
      return isJsonObject(answer) ? answer : {};
    },
  };
}

const CODES: Readonly<Record<number, [ErrorCode, hint: string]>> = {
  401: ["unauthorized", "Check the token."],
  403: ["forbidden", "Give the token read and write access to contents and pull requests."],
  404: ["not_found", "Check the repository and branch, and that the token may see them."],
  409: ["conflict", "The branch moved meanwhile; promote again."],
  422: ["conflict", "GitHub refused the request as it is; see the message."],
};

function succeeded(status: number, json: Json, method: string, path: string): Json {
  if (status >= 200 && status < 300) return json;
  const [code, hint] = CODES[status] ?? ["unavailable" as const, "Check `apiUrl` and the repository's name."];
  const said = isJsonObject(json) && typeof json["message"] === "string" ? `: ${json["message"].slice(0, 300)}` : "";
  throw new LoopsmithError(code, `GitHub answered ${status} to ${method} ${path}${said}`, {
    hint,
    details: { status },
  });
}
