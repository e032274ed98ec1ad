import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { checkOptions } from "./check-options.ts";
import { credentialValue, type Credential } from "./credential.ts";
import type { DeliveryContext, Destination } from "./destination.ts";
import { failureGroup } from "./failure-group.ts";
import { attempted, outcomeOfAnswer } from "./http-outcome.ts";
import { markdownMessage } from "./markdown-message.ts";
import { messageOf } from "./message.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { parseJson } from "./parse-json.ts";
import { createSend, type Answer, type HttpOptions, type Send } from "./send.ts";

export interface GithubIssueOptions extends HttpOptions {
  /** `owner/name`. */
  repository: string;
  /** A token that may read and write issues; a function for tokens that expire, such as those of GitHub Apps. */
  token: Credential;
  /** Put on new issues. The first finds them again, so the token must be allowed to set it. @default ["loopsmith"] */
  labels?: readonly string[];
  assignees?: readonly string[];
  /**
   * Deliveries of one group share one open issue. Give `(delivery) => delivery.id` for an issue for every delivery.
   * @default the loop, the feedback key and the culprit's name
   */
  groupBy?: (delivery: Delivery) => string;
  /** Markdown of your own in place of ours; escaping text from traces is then up to you. */
  body?: (delivery: Delivery) => string;
  /** @default "https://api.github.com" */
  apiUrl?: string;
}

interface Repository {
  call(method: string, path: string, body?: JsonObject): Promise<Answer>;
  label: string;
}

const MARKER = "<!-- loopsmith ";

/** Ten pages of fifty: further back, an open issue of the same group is not found and a new one is opened. */
const MAX_PAGES = 10;
const PAGE = 50;
const MAX_PAGE_BYTES = 8_000_000;

/**
 * Opens a GitHub issue, unless one of the same group is open already. Issues are found by a hidden marker, so a retry
 * after a lost answer opens no second one; once an issue is closed, the next failure of its group opens a new one.
 */
export function githubIssue(options: GithubIssueOptions): Destination {
  checkOptions("githubIssue", options, ["repository", "token"]);
  if (!/^[\w.-]+\/[\w.-]+$/.test(options.repository)) {
    throw new LoopsmithError(
      "invalid",
      `githubIssue(): "${options.repository}" is no repository of the form owner/name.`,
      {
        hint: 'Write it as in "acme/rag"; for GitHub Enterprise add `apiUrl`.',
      },
    );
  }
  const send = createSend(options);
  const inTurn = oneAtATime();
  return {
    kind: "github-issue",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, () => {
        const group = stableId("group", (options.groupBy ?? failureGroup)(delivery));
        return inTurn(group, context, async (turn) => {
          return openIssue(delivery, group, await repositoryOf(options, send, turn), options, turn.now());
        });
      }),
  };
}

async function openIssue(
  delivery: Delivery,
  groupId: string,
  repository: Repository,
  options: GithubIssueOptions,
  now: number,
): Promise<DeliveryOutcome> {
  const { labels = ["loopsmith"], assignees = [], body = markdownMessage } = options;
  const ours = `delivery=${delivery.id}`;
  const group = `group=${groupId}`;

  const open = await findIssue(repository, "state=open", [ours, group], now);
  if ("outcome" in open) return open.outcome;
  if (open.number !== null) return { status: "delivered", detail: `open already as #${open.number}` };
  if (delivery.attempts > 0) {
    // An earlier attempt may have opened it, and a person may have closed it since.
    const since = new Date(delivery.createdAt - 3_600_000).toISOString();
    const closed = await findIssue(repository, `state=closed&since=${since}`, [ours], now);
    if ("outcome" in closed) return closed.outcome;
    if (closed.number !== null)
      return { status: "delivered", detail: `opened before as #${closed.number}, closed since` };
  }

  const answer = await repository.call("POST", "/issues", {
    title: messageOf(delivery).title,
    body: `${body(delivery)}\n\nReported by Loopsmith.\n${MARKER}${group} ${ours} -->`,
    labels: [...labels],
    assignees: [...assignees],
  });
  if (answer.status !== 201) return failureOf(answer, now);
  const created = parseJson(answer.text);
  const number = isJsonObject(created) && typeof created.number === "number" ? `#${created.number}` : "an issue";
  const labelled =
    isJsonObject(created) && JSON.stringify(created.labels ?? []).includes(JSON.stringify(repository.label));
  const warning = labelled
    ? ""
    : `; the token may not set the label "${repository.label}", so it cannot be found again`;
  return { status: "delivered", detail: `opened ${number}${warning}` };
}

type Found = { number: number | null } | { outcome: DeliveryOutcome };

/** The newest labelled issue whose body holds one of the marks. Listing is used because GitHub's search lags behind. */
async function findIssue(
  repository: Repository,
  filter: string,
  marks: readonly string[],
  now: number,
): Promise<Found> {
  for (let page = 1; page <= MAX_PAGES; page++) {
    const query = `labels=${encodeURIComponent(repository.label)}&${filter}&per_page=${PAGE}&page=${page}`;
    const answer = await repository.call("GET", `/issues?${query}`);
    if (answer.status !== 200) return { outcome: failureOf(answer, now) };
    const issues = parseJson(answer.text);
    if (!Array.isArray(issues))
      return { outcome: { status: "retry", reason: "GitHub's list of issues is no JSON list" } };
    for (const issue of issues) {
      if (!isJsonObject(issue) || typeof issue.body !== "string" || typeof issue.number !== "number") continue;
      // Text of a trace may hold any marker; only the last one is ours.
      const marker = issue.body.slice(issue.body.lastIndexOf(MARKER) + MARKER.length).split(" ");
      if (marks.some((mark) => marker.includes(mark))) return { number: issue.number };
    }
    if (issues.length < PAGE) break;
  }
  return { number: null };
}

async function repositoryOf(options: GithubIssueOptions, send: Send, context: DeliveryContext): Promise<Repository> {
  const base = `${options.apiUrl ?? "https://api.github.com"}/repos/${options.repository}`;
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${await credentialValue(options.token, "token")}`,
    "content-type": "application/json",
    "x-github-api-version": "2022-11-28",
  };
  return {
    label: options.labels?.[0] ?? "loopsmith",
    call: (method, path, body) =>
      send(
        {
          url: base + path,
          method,
          headers,
          maxAnswerBytes: MAX_PAGE_BYTES,
          ...(body && { body: JSON.stringify(body) }),
        },
        context,
      ),
  };
}

/** 422: GitHub will not take the issue as it is. A used-up quota comes as 403 or 429 with the time of its reset. */
function failureOf(answer: Answer, now: number): DeliveryOutcome {
  const outcome = outcomeOfAnswer(answer, now, [422]);
  if (outcome.status === "delivered") return { status: "retry", reason: `GitHub answered ${answer.status}` };
  const reset = Number(answer.headers.get("x-ratelimit-reset"));
  if (outcome.status !== "retry" || answer.headers.get("x-ratelimit-remaining") !== "0" || !(reset > 0)) return outcome;
  return { ...outcome, retryAfterMs: Math.max(outcome.retryAfterMs ?? 0, reset * 1000 - now) };
}
