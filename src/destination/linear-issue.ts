import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { stableId } from "../model/id.ts";
import { checkOptions } from "./check-options.ts";
import { credentialValue, type Credential } from "./credential.ts";
import type { DeliveryContext, Destination } from "./destination.ts";
import { failureGroup } from "./failure-group.ts";
import { attempted, outcomeOfAnswer } from "./http-outcome.ts";
import { markdownMessage } from "./markdown-message.ts";
import { messageOf } from "./message.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { parseJson } from "./parse-json.ts";
import { createSend, type HttpOptions, type Send } from "./send.ts";

export interface LinearIssueOptions extends HttpOptions {
  /** A personal API key (`lin_api_...`), or `Bearer ` and an OAuth token. */
  apiKey: Credential;
  /** The team's id, a uuid. */
  teamId: string;
  labelIds?: readonly string[];
  projectId?: string;
  /** 0 none, 1 urgent, 2 high, 3 normal, 4 low. @default 0 */
  priority?: 0 | 1 | 2 | 3 | 4;
  /**
   * Deliveries of one group share one open issue. Give `(delivery) => delivery.id` for an issue for every delivery.
   * @default the loop, the feedback key and the culprit's name
   */
  groupBy?: (delivery: Delivery) => string;
  /** Markdown of your own in place of ours; escaping text from traces is then up to you. */
  body?: (delivery: Delivery) => string;
  /** @default "https://api.linear.app/graphql" */
  apiUrl?: string;
}

const FIND_OPEN = `query ($team: ID!, $reference: String!) {
  issues(first: 10, filter: {
    team: { id: { eq: $team } }, description: { contains: $reference }, state: { type: { nin: ["completed", "canceled"] } }
  }) { nodes { identifier description } }
}`;
const FIND_BY_ID = `query ($id: String!) { issue(id: $id) { id identifier } }`;
const CREATE = `mutation ($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier } } }`;

type Call = (query: string, variables: JsonObject) => Promise<{ data: JsonObject } | { failure: DeliveryOutcome }>;

/**
 * Opens a Linear issue, unless one of the same group is open already. The group stands at the end of the description,
 * where the search finds it, and the new issue's id is derived from the delivery's, so that even a retry that the search
 * does not help opens no second one.
 */
export function linearIssue(options: LinearIssueOptions): Destination {
  checkOptions("linearIssue", options, ["apiKey", "teamId"]);
  const send = createSend(options);
  const inTurn = oneAtATime();
  return {
    kind: "linear-issue",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, () => {
        const reference = `loopsmith-${stableId("group", (options.groupBy ?? failureGroup)(delivery))}`;
        return inTurn(reference, context, async (turn) => {
          return openIssue(delivery, reference, await callOf(options, send, turn), options);
        });
      }),
  };
}

async function openIssue(
  delivery: Delivery,
  reference: string,
  call: Call,
  options: LinearIssueOptions,
): Promise<DeliveryOutcome> {
  const { teamId, labelIds, projectId, priority = 0, body = markdownMessage } = options;
  const found = await call(FIND_OPEN, { team: teamId, reference });
  if ("failure" in found) return found.failure;
  // Text of a trace may hold any reference; only the one we put at the very end counts.
  const open = identifierOf(nodesOf(found.data.issues).find((issue) => endsWith(issue, reference)));
  if (open) return { status: "delivered", detail: `open already as ${open}` };

  const id = versionFour(delivery.id);
  const created = await call(CREATE, {
    input: {
      id,
      teamId,
      title: messageOf(delivery).title,
      description: `${body(delivery)}\n\nReported by Loopsmith, \`${reference}\``,
      priority,
      ...(labelIds && { labelIds: [...labelIds] }),
      ...(projectId !== undefined && { projectId }),
    },
  });
  const identifier =
    "data" in created && isJsonObject(created.data.issueCreate) && identifierOf(created.data.issueCreate.issue);
  if (identifier) return { status: "delivered", detail: `opened ${identifier}` };

  // Refused: perhaps because an earlier attempt whose answer was lost has opened it, and it was closed since.
  const earlier = await call(FIND_BY_ID, { id });
  const known = "data" in earlier && identifierOf(earlier.data.issue);
  if (known) return { status: "delivered", detail: `opened before as ${known}` };
  return "failure" in created
    ? created.failure
    : { status: "retry", reason: "Linear created no issue and gave no error" };
}

async function callOf(options: LinearIssueOptions, send: Send, context: DeliveryContext): Promise<Call> {
  const headers = {
    "content-type": "application/json",
    authorization: await credentialValue(options.apiKey, "apiKey"),
  };
  const url = options.apiUrl ?? "https://api.linear.app/graphql";
  return async (query, variables) => {
    const answer = await send({ url, headers, body: JSON.stringify({ query, variables }) }, context);
    const body = parseJson(answer.text);
    const errors = isJsonObject(body) && Array.isArray(body.errors) ? body.errors.filter(isJsonObject) : [];
    const now = context.now();
    if (errors.length > 0) return { failure: failureOf(errors, resetOf(answer.headers, now)) };
    const outcome = outcomeOfAnswer(answer, now);
    if (outcome.status !== "delivered") return { failure: outcome };
    const data = isJsonObject(body) ? body.data : undefined;
    return isJsonObject(data)
      ? { data }
      : { failure: { status: "retry", reason: "Linear's answer is no GraphQL answer" } };
  };
}

/** GraphQL errors come with any status; input that Linear refuses stays refused, all else may pass. */
function failureOf(errors: readonly JsonObject[], retryAfterMs: number): DeliveryOutcome {
  const reason = `Linear says: ${errors.map((error) => (typeof error.message === "string" ? error.message : "an error")).join("; ")}`;
  const codes = errors.map(({ extensions }) => (isJsonObject(extensions) ? extensions.code : undefined));
  if (codes.includes("RATELIMITED")) return { status: "retry", reason, ...(retryAfterMs > 0 && { retryAfterMs }) };
  return { status: codes.some((code) => FINAL_CODES.has(code)) ? "dead" : "retry", reason };
}

const FINAL_CODES = new Set<unknown>(["INVALID_INPUT", "INPUT_ERROR", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"]);

function resetOf(headers: Headers, now: number): number {
  const reset = Number(headers.get("x-ratelimit-requests-reset"));
  return reset > 0 ? Math.max(0, reset - now) : 0;
}

/** Linear wants a version 4 uuid; ours is version 5, and the version is but one digit of it. */
function versionFour(id: string): string {
  return `${id.slice(0, 14)}4${id.slice(15)}`;
}

function nodesOf(connection: Json | undefined): Json[] {
  return isJsonObject(connection) && Array.isArray(connection.nodes) ? connection.nodes : [];
}

function endsWith(issue: Json, reference: string): boolean {
  const description = isJsonObject(issue) && typeof issue.description === "string" ? issue.description : "";
  return description.replace(/[`\s]+$/, "").endsWith(reference);
}

function identifierOf(issue: Json | undefined): string | null {
  return isJsonObject(issue) && typeof issue.identifier === "string" ? issue.identifier : null;
}
